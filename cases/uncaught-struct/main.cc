// A door refuses a guest by throwing a plain struct, which no catch clause for std::exception would
// catch.
#include <string>
#include <vector>

#include "../patient.h"

struct Refusal {
  int code;
  int level_needed;
};

struct Guest {
  std::string name;
  int level;
};

class Door {
 public:
  explicit Door(int level) : level_(level) {}

  NOINLINE int pass(const Guest& guest) {
    if (guest.level < level_) throw Refusal{17, level_};
    return ++passed_;
  }

 private:
  int level_;
  int passed_ = 0;
};

NOINLINE int let_in(Door& door, const std::vector<Guest>& guests) {
  int passed = 0;
  try {
    for (const Guest& guest : guests) passed = door.pass(guest);
  } catch (const std::exception& error) {
    std::printf("turned away: %s\n", error.what());
  }
  return passed;
}

int main() {
  Door door(20);
  std::printf("%d passed\n", let_in(door, {{"alice", 31}, {"bob", 22}, {"carol", 7}}));
}
