// A game lobby server in small: accounts, guilds, rooms, chat, trades; served over TCP on the
// loopback interface by a network thread, workers, a tick and a watchdog. With --clients it brings
// its own players. Bugs can be switched on by name; the clients provoke every one of them within a
// second or two.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <thread>

#include "../patient.h"
#include "bugs.h"
#include "clients.h"
#include "server.h"

namespace lobby {

struct Options {
  int clients = 0;
  int seconds = 1;
  int workers = 4;
};

[[noreturn]] void usage(int status) {
  std::fprintf(status == 0 ? stdout : stderr,
               "usage: lobby [--bug NAME] [--clients N [--seconds S]] [--workers N]\n"
               "       lobby --bugs\n"
               "Without --clients it serves until SIGTERM or SIGINT.\n");
  std::exit(status);
}

void list_bugs() {
  for (const BugInfo& info : all_bugs()) {
    std::printf("%-16.*s %.*s\n", static_cast<int>(info.name.size()), info.name.data(),
                static_cast<int>(info.story.size()), info.story.data());
  }
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--help") usage(0);
    if (flag == "--bugs") {
      list_bugs();
      std::exit(0);
    }
    if (++i == argc) usage(2);
    const char* value = argv[i];
    if (flag == "--bug") {
      if (!switch_on(value)) {
        std::fprintf(stderr, "lobby: no bug '%s', see --bugs\n", value);
        std::exit(2);
      }
    } else if (flag == "--clients") {
      options.clients = std::max(std::atoi(value), kFewestClients);
    } else if (flag == "--seconds") {
      options.seconds = std::atoi(value);
    } else if (flag == "--workers") {
      options.workers = std::max(std::atoi(value), 2);
    } else {
      usage(2);
    }
  }
  return options;
}

/// Waits for SIGTERM or SIGINT, at most so many seconds (0: as long as it takes).
void wait_for_end(const sigset_t& signals, int seconds) {
  const timespec patience{seconds, 0};
  if (seconds == 0) {
    int signal;
    sigwait(&signals, &signal);
  } else {
    // A debugger that stops us, or `inquest dump`, interrupts the wait.
    while (sigtimedwait(&signals, nullptr, &patience) < 0 && errno == EINTR) {
    }
  }
}

int serve(const Options& options, const sigset_t& signals) {
  Server server(options.workers);
  std::printf("READY pid=%d port=%d\n", static_cast<int>(getpid()), server.port());
  std::fflush(stdout);
  if (options.clients == 0) {
    wait_for_end(signals, 0);
    return 0;
  }
  std::atomic<bool> stop{false};
  std::thread players([&] {
    name_this_thread("clients");
    const std::uint64_t answered = run_clients(server.port(), options.clients, stop);
    std::printf("%llu commands answered\n", static_cast<unsigned long long>(answered));
  });
  wait_for_end(signals, options.seconds);
  stop = true;
  players.join();
  server.wait_for_ticks(3);  // the last statistics, of an empty lobby
  return 0;
}

}  // namespace lobby

int main(int argc, char** argv) {
  const lobby::Options options = lobby::parse(argc, argv);
  // For all threads: the end comes through sigwait in this one.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return lobby::serve(options, signals);
}
