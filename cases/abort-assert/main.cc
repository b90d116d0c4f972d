// A room asserts that it never holds more members than it has seats; a party of three is let in
// when one seat is left.
#undef NDEBUG
#include <cassert>
#include <string>
#include <vector>

#include "../patient.h"

class Room {
 public:
  explicit Room(std::size_t seats) : seats_(seats) {}

  bool has_seat() const { return members_.size() < seats_; }

  NOINLINE void admit(const std::vector<std::string>& party) {
    for (const std::string& member : party) members_.push_back(member);
    assert(members_.size() <= seats_ && "room is over its seats");
  }

  std::size_t size() const { return members_.size(); }

 private:
  std::size_t seats_;
  std::vector<std::string> members_;
};

NOINLINE bool enter(Room& room, const std::vector<std::string>& party) {
  if (!room.has_seat()) return false;
  room.admit(party);
  return true;
}

int main() {
  Room room(4);
  enter(room, {"alice", "bob"});
  enter(room, {"carol"});
  enter(room, {"dave", "erin", "frank"});
  std::printf("%zu members\n", room.size());
}
