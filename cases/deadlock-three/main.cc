// Three armies stand in a ring, and each attacks its neighbour: lock the own province, then the
// neighbour's. All three hold one lock and wait for the next one round the ring. A fourth thread,
// which only wants to draw the map, waits too but is no part of the cycle.
#include <array>
#include <barrier>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "../patient.h"

struct Province {
  std::mutex mutex;
  int soldiers = 50;
};

class War {
 public:
  NOINLINE void attack(std::size_t from, std::size_t to) {
    std::lock_guard own(provinces_[from].mutex);
    trumpet_.arrive_and_wait();
    fight(provinces_[from], provinces_[to]);
  }

  NOINLINE int draw_map() {
    int soldiers = 0;
    for (Province& province : provinces_) {
      std::lock_guard lock(province.mutex);
      soldiers += province.soldiers;
    }
    return soldiers;
  }

  void wait_for_trumpet() { trumpet_.arrive_and_wait(); }

 private:
  NOINLINE void fight(Province& attacker, Province& defender) {
    std::lock_guard lock(defender.mutex);
    attacker.soldiers -= 5;
    defender.soldiers -= 8;
  }

  std::array<Province, 3> provinces_;
  std::barrier<> trumpet_{4};
};

int main() {
  War war;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 3; ++i) {
    threads.emplace_back([&war, i] {
      name_this_thread(("army-" + std::to_string(i)).c_str());
      war.attack(i, (i + 1) % 3);
    });
  }
  war.wait_for_trumpet();
  threads.emplace_back([&war] {
    name_this_thread("painter");
    std::printf("%d soldiers\n", war.draw_map());
  });
  announce_ready();
  for (std::thread& thread : threads) thread.join();
}
