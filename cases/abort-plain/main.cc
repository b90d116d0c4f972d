// A bank checks its ledger before it writes it, and gives up on its own account when money has
// appeared from nowhere.
#include <cstdlib>
#include <map>
#include <string>

#include "../patient.h"

class Ledger {
 public:
  void open(const std::string& name, long gold) {
    accounts_[name] = gold;
    total_ += gold;
  }

  void transfer(const std::string& from, const std::string& to, long gold) {
    accounts_[from] -= gold;
    accounts_[to] += gold + gold / 1000;  // the rounding bonus that nobody remembers
  }

  NOINLINE void check() const {
    long sum = 0;
    for (const auto& [name, gold] : accounts_) sum += gold;
    if (sum != total_) {
      std::fprintf(stderr, "ledger: %ld gold too much, refusing to go on\n", sum - total_);
      std::abort();
    }
  }

 private:
  std::map<std::string, long> accounts_;
  long total_ = 0;
};

NOINLINE void close_day(const Ledger& ledger, int day) {
  ledger.check();
  std::printf("day %d closed\n", day);
}

int main() {
  Ledger ledger;
  ledger.open("alice", 5000);
  ledger.open("bob", 200);
  for (int day = 1; day <= 3; ++day) {
    ledger.transfer("alice", "bob", 700 * day);
    close_day(ledger, day);
  }
}
