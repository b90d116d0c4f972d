// Memory is wiped with a pattern before it goes back to the allocator, as debug builds do. A Seat
// that gets such memory again forgets to set one of its members, which then holds the pattern.
// Nothing was freed too early: the Seat is alive.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "../patient.h"

class Wiped {
 public:
  NOINLINE static void* operator new(std::size_t size) { return std::malloc(size); }
  NOINLINE static void operator delete(void* memory, std::size_t size) {
    auto* byte = static_cast<volatile unsigned char*>(memory);
    for (std::size_t i = 0; i < size; ++i) byte[i] = 0x5a;
    std::free(memory);
  }
};

struct Player {
  std::uint64_t id = 0, chips = 0;
};

struct Hand : Wiped {
  std::uint64_t cards[5] = {};
};

struct Seat : Wiped {
  explicit Seat(std::uint64_t n) : number(n), bet(10), rounds(0), flags(1) {}  // and the player?

  std::uint64_t number, bet, rounds, flags;
  Player* player;
};

class Table {
 public:
  NOINLINE void open(int seats) {
    for (int n = 0; n < seats; ++n) seats_.push_back(std::make_unique<Seat>(n));
  }
  NOINLINE std::uint64_t pot() const {
    std::uint64_t sum = 0;
    for (const auto& seat : seats_) sum += stake(*seat);
    return sum;
  }

 private:
  NOINLINE std::uint64_t stake(const Seat& seat) const { return seat.player->chips + seat.bet; }

  std::vector<std::unique_ptr<Seat>> seats_;
};

NOINLINE void deal(int hands) {
  std::vector<std::unique_ptr<Hand>> dealt;
  for (int n = 0; n < hands; ++n) dealt.push_back(std::make_unique<Hand>());
}

int main() {
  deal(6);
  Table table;
  table.open(4);
  std::printf("%llu\n", static_cast<unsigned long long>(table.pot()));
}
