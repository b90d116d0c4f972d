// The threads of the server: one for the network, workers that run the commands, one for the tick,
// and a watchdog.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "protocol.h"
#include "session.h"
#include "world.h"

namespace lobby {

struct Job {
  std::shared_ptr<Session> session;
  std::string line;
};

class JobQueue {
 public:
  void push(Job job);
  /// Waits; nothing once the queue is closed.
  std::optional<Job> pop();
  void close();

  void finished_one() { ++finished_; }
  std::uint64_t finished() const { return finished_; }
  bool idle() const { return finished_ == pushed_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool closed_ = false;
  std::atomic<std::uint64_t> pushed_{0};
  std::atomic<std::uint64_t> finished_{0};
};

/// Messages per player, tick by tick.
class Statistics {
 public:
  void close_tick(int messages, int players);

 private:
  int total_ = 0;
  std::deque<int> averages_;
};

class Server {
 public:
  explicit Server(int workers);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// The port on the loopback interface.
  std::uint16_t port() const { return port_; }

  /// Waits until so many whole ticks have passed.
  void wait_for_ticks(std::uint64_t ticks);

 private:
  void listen_on_loopback();
  void serve_network();
  void accept_session();
  void read_session(std::shared_ptr<Session> session);
  void work();
  void run(const Job& job);
  void tick();
  void watch();

  World world_;
  Protocol protocol_{world_};
  Statistics statistics_;
  JobQueue queue_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::map<int, std::shared_ptr<Session>> sessions_;  // network thread only
  std::uint64_t next_session_ = 1;

  std::mutex clock_mutex_;
  std::condition_variable clock_changed_;
  std::uint64_t ticks_ = 0;
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;
};

}  // namespace lobby
