// A zone of some kilobytes is unloaded while a portal still leads to it. A freed block of that size
// keeps the allocator's list links in its first words: the "virtual table" lies inside libc's own
// arena.
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../patient.h"

class Zone {
 public:
  explicit Zone(int level) : level_(level) {}
  virtual ~Zone() = default;
  virtual int enter(int player) {
    visits_[static_cast<std::size_t>(player) % 1000] += 1;
    return level_;
  }

 private:
  int level_;
  std::uint32_t visits_[1000] = {};
};

class Atlas {
 public:
  NOINLINE Zone* load(const std::string& name, int level) {
    auto& zone = zones_[name];
    zone = std::make_unique<Zone>(level);
    return zone.get();
  }

  NOINLINE void unload(const std::string& name) { zones_.erase(name); }

 private:
  std::map<std::string, std::unique_ptr<Zone>> zones_;
};

struct Portal {
  Zone* to;
};

NOINLINE int travel(const Portal& portal, int player) {
  const int level = portal.to->enter(player);
  return level * 10;
}

int main() {
  Atlas atlas;
  const std::vector<Portal> portals = {{atlas.load("meadow", 1)}, {atlas.load("mine", 12)}};
  atlas.load("tower", 30);
  int sum = 0;
  for (const Portal& portal : portals) sum += travel(portal, 7);
  atlas.unload("meadow");
  for (const Portal& portal : portals) sum += travel(portal, 8);
  std::printf("%d\n", sum);
}
