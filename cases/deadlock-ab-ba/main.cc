// Two players trade with each other at the same moment. A trade locks the purse of the one who
// proposes and then the other's; the two proposals come from both sides, so each thread holds what
// the other wants. The opening bell of the market makes sure that both are between their two locks.
#include <barrier>
#include <mutex>
#include <string>
#include <thread>

#include "../patient.h"

struct Purse {
  explicit Purse(std::string name, int gold) : owner(std::move(name)), gold(gold) {}
  std::string owner;
  std::mutex mutex;
  int gold;
};

class Market {
 public:
  NOINLINE void trade(Purse& from, Purse& to, int gold) {
    std::lock_guard hold_from(from.mutex);
    bell_.arrive_and_wait();
    transfer(from, to, gold);
  }

  void wait_for_bell() { bell_.arrive_and_wait(); }

 private:
  NOINLINE void transfer(Purse& from, Purse& to, int gold) {
    std::lock_guard hold_to(to.mutex);
    from.gold -= gold;
    to.gold += gold;
  }

  std::barrier<> bell_{3};
};

int main() {
  Purse alice("alice", 100);
  Purse bob("bob", 80);
  Market market;
  std::thread first([&] {
    name_this_thread("trade-alice");
    market.trade(alice, bob, 10);
  });
  std::thread second([&] {
    name_this_thread("trade-bob");
    market.trade(bob, alice, 25);
  });
  market.wait_for_bell();
  announce_ready();
  first.join();
  second.join();
  std::printf("%d %d\n", alice.gold, bob.gold);
}
