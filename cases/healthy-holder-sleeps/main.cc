// Healthy, if slow: a saver holds the world's lock while it waits for its disk, and everybody else
// waits for the saver. The holder waits for no lock, so there is no cycle.
#include <chrono>
#include <latch>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "../patient.h"

class World {
 public:
  NOINLINE void save(std::latch& begun) {
    std::lock_guard lock(mutex_);
    begun.count_down();
    wait_for_disk();
    ++saves_;
  }

  NOINLINE void move(int player, int x) {
    std::lock_guard lock(mutex_);
    positions_[player] = x;
  }

 private:
  NOINLINE void wait_for_disk() { std::this_thread::sleep_for(std::chrono::seconds(30)); }

  std::mutex mutex_;
  std::map<int, int> positions_;
  int saves_ = 0;
};

int main() {
  World world;
  std::latch begun(1);
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    name_this_thread("saver");
    world.save(begun);
  });
  begun.wait();
  for (int player = 0; player < 3; ++player) {
    threads.emplace_back([&world, player] {
      name_this_thread(("player-" + std::to_string(player)).c_str());
      world.move(player, 10 * player);
    });
  }
  announce_ready();
  for (std::thread& thread : threads) thread.join();
}
