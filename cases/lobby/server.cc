#include "server.h"

#include <arpa/inet.h>
#include <chrono>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "../patient.h"
#include "bugs.h"

namespace lobby {

using namespace std::chrono_literals;

// ---- Jobs

void JobQueue::push(Job job) {
  ++pushed_;
  {
    std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
}

NOINLINE std::optional<Job> JobQueue::pop() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
  if (jobs_.empty()) return std::nullopt;
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  return job;
}

void JobQueue::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

// ---- Statistics

NOINLINE void Statistics::close_tick(int messages, int players) {
  total_ += messages;
  if (total_ == 0) return;  // nobody has come yet
  if (players == 0 && !has(Bug::divide)) return;
  averages_.push_back(messages / players);
  if (averages_.size() > 100) averages_.pop_front();
}

// ---- Server: life

Server::Server(int workers) {
  listen_on_loopback();
  threads_.emplace_back([this] { serve_network(); });
  threads_.emplace_back([this] { tick(); });
  threads_.emplace_back([this] { watch(); });
  for (int i = 1; i <= workers; ++i) {
    threads_.emplace_back([this, i] {
      name_this_thread(("worker-" + std::to_string(i)).c_str());
      work();
    });
  }
}

Server::~Server() {
  stopping_ = true;
  clock_changed_.notify_all();
  queue_.close();
  for (std::thread& thread : threads_) thread.join();
  close(listener_);
}

// ---- Server: network

void Server::listen_on_loopback() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener_, raw, size) != 0 || listen(listener_, 64) != 0 ||
      getsockname(listener_, raw, &size) != 0) {
    std::perror("lobby: cannot listen on the loopback interface");
    std::exit(1);
  }
  port_ = ntohs(address.sin_port);
}

NOINLINE void Server::serve_network() {
  name_this_thread("net");
  while (!stopping_) {
    std::vector<pollfd> waiting = {{listener_, POLLIN, 0}};
    for (const auto& [fd, session] : sessions_) waiting.push_back({fd, POLLIN, 0});
    if (poll(waiting.data(), waiting.size(), 100) <= 0) continue;
    if (waiting.front().revents != 0) accept_session();
    for (std::size_t i = 1; i < waiting.size(); ++i) {
      if (waiting[i].revents != 0) read_session(sessions_.at(waiting[i].fd));
    }
  }
}

void Server::accept_session() {
  const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  const int at_once = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  sessions_[fd] = std::make_shared<Session>(fd, next_session_++);
}

/// By value: the session must outlive its entry in the map.
void Server::read_session(std::shared_ptr<Session> session) {
  std::vector<std::string> lines;
  const bool open = session->receive(lines);
  for (std::string& line : lines) queue_.push({session, std::move(line)});
  if (!open) {
    sessions_.erase(session->fd());
    queue_.push({session, "QUIT"});
  }
}

// ---- Server: workers

NOINLINE void Server::work() {
  while (std::optional<Job> job = queue_.pop()) {
    run(*job);
    queue_.finished_one();
  }
}

NOINLINE void Server::run(const Job& job) { protocol_.execute(*job.session, job.line); }

// ---- Server: clock

NOINLINE void Server::tick() {
  name_this_thread("tick");
  std::uint64_t counted = 0;
  while (!stopping_) {
    std::this_thread::sleep_for(50ms);
    const std::uint64_t messages = protocol_.messages();
    statistics_.close_tick(static_cast<int>(messages - counted),
                           static_cast<int>(world_.players()));
    counted = messages;
    {
      std::lock_guard lock(clock_mutex_);
      ++ticks_;
    }
    clock_changed_.notify_all();
  }
}

void Server::wait_for_ticks(std::uint64_t ticks) {
  std::unique_lock lock(clock_mutex_);
  const std::uint64_t until = ticks_ + ticks;
  clock_changed_.wait(lock, [&] { return ticks_ >= until || stopping_; });
}

/// A server that hangs is worse than one that restarts: after a while without progress it is ended,
/// so that it leaves a dump.
NOINLINE void Server::watch() {
  name_this_thread("watchdog");
  constexpr auto kPatience = 4s;
  auto progress = std::chrono::steady_clock::now();
  std::uint64_t finished = 0;
  while (!stopping_) {
    std::this_thread::sleep_for(100ms);
    const auto now = std::chrono::steady_clock::now();
    if (queue_.idle() || queue_.finished() != finished) progress = now;
    finished = queue_.finished();
    if (now - progress > kPatience) {
      std::fprintf(stderr, "watchdog: jobs are waiting, and none was finished for 4 s\n");
      std::abort();
    }
  }
}

}  // namespace lobby
