#include "clients.h"

#include <arpa/inet.h>
#include <chrono>
#include <latch>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <vector>

#include "../patient.h"

namespace lobby {

class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const int at_once = 1;  // the lines are short, and each waits for its answer
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    open_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool open() const { return open_; }
  std::uint64_t answered() const { return answered_; }

  /// Sends a command and reads until its answer has come; events on the way are skipped.
  NOINLINE void command(const std::string& line) {
    const std::string packet = line + "\n";
    if (!open_ || send(fd_, packet.data(), packet.size(), MSG_NOSIGNAL) < 0) return;
    std::string answer;
    while (read_line(answer)) {
      if (answer.starts_with("OK") || answer.starts_with("ERR")) {
        ++answered_;
        return;
      }
    }
  }

 private:
  bool read_line(std::string& line) {
    std::size_t end;
    while ((end = inbox_.find('\n')) == std::string::npos) {
      char buffer[1024];
      const ssize_t n = recv(fd_, buffer, sizeof buffer, 0);
      if (n <= 0) return open_ = false;
      inbox_.append(buffer, static_cast<std::size_t>(n));
    }
    line = inbox_.substr(0, end);
    inbox_.erase(0, end + 1);
    return true;
  }

  int fd_;
  bool open_ = false;
  std::string inbox_;
  std::uint64_t answered_ = 0;
};

constexpr const char* kNames[] = {"alice", "bob",   "carol", "dave",
                                  "erin",  "frank", "grace", "heidi"};

std::string name_of(int index) {
  const std::string name = kNames[index % 8];
  return index < 8 ? name : name + std::to_string(index / 8);
}

/// What the clients have to agree upon.
struct Evening {
  explicit Evening(int clients) : all_here(clients) {}
  std::latch all_here;
  std::latch bob_is_gone{1};
};

/// After so many rounds of chat the evening begins, and it goes on for at least as many.
constexpr int kRounds = 40;

/// What everybody does all the time.
void chat(Client& client, int index, int round, const std::string& room) {
  switch ((round + index) % 6) {
    case 0:
      return client.command("SAY round " + std::to_string(round) + ", anybody for a game?");
    case 1:
      return client.command("PING");
    case 2:
      return client.command("WHISPER " + name_of(index ^ 1) + " are you there?");
    case 3:
      return client.command("JOIN " + room);
    case 4:
      return client.command("WHO");
    default:
      return client.command("WAY garden tower");
  }
}

/// What some do in the course of the evening; every server has to stand all of it. False when the
/// player goes home.
bool misbehave(Client& client, int index, bool outsider, int hour, Evening& evening) {
  if (outsider && hour == 0) client.command("GUILD does anybody hear me?");
  if (index == 0 && hour == 1) client.command("WHISPER carol");
  if (index == 0 && hour == 2) client.command("WAY hall vault");
  if (index == 2 && hour == 4) {
    client.command("TRADE dave 50");
    client.command("CANCEL");
  }
  if (index == 1 && hour == 5) return false;
  if (index == 3 && hour == 6) {
    evening.bob_is_gone.wait();
    client.command("GUILD where is bob?");
  }
  return true;
}

NOINLINE std::uint64_t play(std::uint16_t port, int index, bool outsider, Evening& evening,
                            const std::atomic<bool>& stop) {
  Client client(port);
  client.command("LOGIN " + name_of(index));
  if (!outsider) client.command(index % 2 == 0 ? "ENLIST Dragons" : "ENLIST Owls");
  client.command("JOIN hall");
  if (index == 3) client.command("IGNORE erin");
  evening.all_here.arrive_and_wait();
  for (int round = 0; client.open() && (round < 2 * kRounds || !stop); ++round) {
    const int hour = round - kRounds;
    // Every second one wants into the closet, which has two seats.
    chat(client, index, round, hour > 3 && index % 2 == 0 ? "closet" : "hall");
    if (hour >= 0 && !misbehave(client, index, outsider, hour, evening)) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  client.command("QUIT");
  if (index == 1) evening.bob_is_gone.count_down();
  return client.answered();
}

std::uint64_t run_clients(std::uint16_t port, int clients, const std::atomic<bool>& stop) {
  Evening evening(clients);
  std::atomic<std::uint64_t> answered{0};
  std::vector<std::thread> threads;
  for (int index = 0; index < clients; ++index) {
    threads.emplace_back([&, index] {
      name_this_thread(("client-" + name_of(index)).c_str());
      answered += play(port, index, index == clients - 1, evening, stop);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return answered;
}

}  // namespace lobby
