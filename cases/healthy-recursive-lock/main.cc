// Healthy: a script holds a std::recursive_mutex several times over while it waits for its next
// event. Its owner is the thread that waits, but what it waits for is the condition variable; a
// second script waits for the lock.
#include <chrono>
#include <latch>
#include <mutex>
#include <string>
#include <thread>

#include "../patient.h"

class Script {
 public:
  NOINLINE int run(int depth, std::latch& waiting) {
    std::lock_guard lock(mutex_);
    if (depth > 0) return run(depth - 1, waiting) + 1;
    waiting.count_down();
    return wait_for_event();
  }

 private:
  NOINLINE int wait_for_event() {
    std::this_thread::sleep_for(std::chrono::seconds(30));
    return ++events_;
  }

  std::recursive_mutex mutex_;
  int events_ = 0;
};

int main() {
  Script script;
  std::latch first_waits(1);
  std::latch unused(1);
  std::thread first([&] {
    name_this_thread("script-1");
    script.run(4, first_waits);
  });
  first_waits.wait();
  std::thread second([&] {
    name_this_thread("script-2");
    script.run(2, unused);
  });
  announce_ready();
  first.join();
  second.join();
}
