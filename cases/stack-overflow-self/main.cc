// Counts the rooms that can be reached from a room by following its doors. Doors lead both ways, so
// the graph has cycles, and the recursion never marks where it has been.
#include <memory>
#include <string>
#include <vector>

#include "../patient.h"

struct Room {
  std::string name;
  std::vector<Room*> doors;
};

class Castle {
 public:
  Room* add(const std::string& name) {
    rooms_.push_back(std::make_unique<Room>(Room{name, {}}));
    return rooms_.back().get();
  }

  static void connect(Room* a, Room* b) {
    a->doors.push_back(b);
    b->doors.push_back(a);
  }

  NOINLINE std::size_t reachable(const Room& room) const {
    std::size_t count = room.name.size();
    for (const Room* next : room.doors) count += reachable(*next);
    return count;
  }

 private:
  std::vector<std::unique_ptr<Room>> rooms_;
};

int main() {
  Castle castle;
  Room* hall = castle.add("hall");
  Room* tower = castle.add("tower");
  Room* cellar = castle.add("cellar");
  Castle::connect(hall, tower);
  Castle::connect(hall, cellar);
  std::printf("%zu reachable\n", castle.reachable(*hall));
}
