// Healthy: four threads fight for one mutex all the time, and it keeps moving from one to the next.
// At the moment of the signal one holds it and the others wait for it: that is contention, not a
// deadlock.
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "../patient.h"

class Ladder {
 public:
  NOINLINE void score(int player, std::uint64_t points) {
    std::lock_guard lock(mutex_);
    points_[player] += points;
    rerank();
  }

 private:
  NOINLINE void rerank() {
    best_ = 0;
    for (const auto& [player, points] : points_) {
      if (points > best_) best_ = points;
    }
  }

  std::mutex mutex_;
  std::map<int, std::uint64_t> points_;
  std::uint64_t best_ = 0;
};

NOINLINE void play(Ladder& ladder, int seed) {
  auto random = static_cast<std::uint32_t>(seed);
  while (true) {
    random = random * 1664525u + 1013904223u;
    ladder.score(static_cast<int>(random >> 22), random % 100);
  }
}

int main() {
  Ladder ladder;
  std::vector<std::thread> threads;
  for (int i = 1; i <= 4; ++i) {
    threads.emplace_back([&ladder, i] {
      name_this_thread(("match-" + std::to_string(i)).c_str());
      play(ladder, i);
    });
  }
  announce_ready();
  for (std::thread& thread : threads) thread.join();
}
