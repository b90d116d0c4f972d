// Healthy, and made to look like a deadlock: three accounts are locked in one agreed order, so
// several threads hold one lock and wait for another. The chain ends at a thread that waits for an
// auditor, not for a lock: no cycle.
#include <array>
#include <chrono>
#include <latch>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "../patient.h"

class Bank {
 public:
  /// Locks `first` and then `first + 1`: always upwards.
  NOINLINE void transfer(std::size_t first, std::latch& holding) {
    std::lock_guard from(locks_[first]);
    holding.count_down();
    std::lock_guard to(locks_[first + 1]);
    gold_[first] -= 10;
    gold_[first + 1] += 10;
  }

  NOINLINE void audit(std::size_t account, std::latch& holding) {
    std::lock_guard lock(locks_[account]);
    holding.count_down();
    ask_auditor();
  }

 private:
  NOINLINE void ask_auditor() { std::this_thread::sleep_for(std::chrono::seconds(30)); }

  std::array<std::mutex, 3> locks_;
  std::array<int, 3> gold_{};
};

int main() {
  Bank bank;
  std::vector<std::thread> threads;
  // From the end of the chain to its beginning, each once its predecessor has its lock.
  for (std::size_t i = 3; i-- > 0;) {
    std::latch holding(1);
    threads.emplace_back([&bank, &holding, i] {
      name_this_thread(("teller-" + std::to_string(i)).c_str());
      if (i == 2) {
        bank.audit(i, holding);
      } else {
        bank.transfer(i, holding);
      }
    });
    holding.wait();
  }
  announce_ready();
  for (std::thread& thread : threads) thread.join();
}
