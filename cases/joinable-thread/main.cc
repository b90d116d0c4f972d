// A server object owns its worker thread. When the port cannot be bound it is given up early, and
// the destructor of the std::thread finds the worker still running: std::terminate, without an
// exception.
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "../patient.h"

class Server {
 public:
  Server() : worker_([this] { work(); }) {}
  NOINLINE ~Server() {}  // forgets to stop and join the worker

  NOINLINE bool bind(const std::string& address) const {
    return address.find(':') != std::string::npos;
  }

  void stop() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    worker_.join();
  }

 private:
  void work() {
    name_this_thread("worker");
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopping_; });
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread worker_;
};

NOINLINE int serve(const std::string& address) {
  Server server;
  if (!server.bind(address)) return 1;
  server.stop();
  return 0;
}

int main() {
  std::printf("first: %d\n", serve("localhost:0"));
  std::printf("second: %d\n", serve("localhost"));
}
