// Healthy, if slow: one thread computes paths for seconds under the map's lock, three wait for it.
// The holder is running, on no lock at all.
#include <cstdint>
#include <latch>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "../patient.h"

class PathFinder {
 public:
  explicit PathFinder(std::size_t rooms) : distance_(rooms * rooms, 1), rooms_(rooms) {}

  NOINLINE void recompute(std::latch& begun) {
    std::lock_guard lock(mutex_);
    begun.count_down();
    for (std::uint32_t round = 0; round < 1'000'000; ++round) relax(round);
  }

  NOINLINE std::uint32_t look_up(std::size_t from, std::size_t to) {
    std::lock_guard lock(mutex_);
    return distance_[from * rooms_ + to];
  }

 private:
  NOINLINE void relax(std::uint32_t round) {
    for (std::size_t i = 1; i < distance_.size(); ++i) {
      distance_[i] = (distance_[i - 1] + distance_[i] * 3 + round) % 1000;
    }
  }

  std::mutex mutex_;
  std::vector<std::uint32_t> distance_;
  std::size_t rooms_;
};

int main() {
  PathFinder finder(300);
  std::latch begun(1);
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    name_this_thread("path-finder");
    finder.recompute(begun);
  });
  begun.wait();
  for (std::size_t i = 0; i < 3; ++i) {
    threads.emplace_back([&finder, i] {
      name_this_thread(("traveller-" + std::to_string(i)).c_str());
      std::printf("%u\n", finder.look_up(i, i + 1));
    });
  }
  announce_ready();
  for (std::thread& thread : threads) thread.join();
}
