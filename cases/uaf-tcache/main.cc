// The forgotten map, small: an Npc is registered by id and by zone, and despawn() cleans one of the
// two maps. The next tick makes a virtual call through a freed block, whose first word is now the
// allocator's list pointer.
#include <cstdint>
#include <map>
#include <string>

#include "../patient.h"

class Npc {
 public:
  Npc(std::uint64_t id, int health) : id_(id), health_(health) {}
  virtual ~Npc() = default;
  virtual int think(int tick) = 0;
  std::uint64_t id() const { return id_; }

 protected:
  std::uint64_t id_;
  int health_;
};

class Wolf : public Npc {
 public:
  explicit Wolf(std::uint64_t id) : Npc(id, 40) {}
  int think(int tick) override { return health_ + tick; }
};

class Merchant : public Npc {
 public:
  explicit Merchant(std::uint64_t id) : Npc(id, 90) {}
  int think(int tick) override { return static_cast<int>(id_) * tick; }
};

class World {
 public:
  void spawn(const std::string& zone, Npc* npc) {
    by_id_[npc->id()] = npc;
    by_zone_.emplace(zone, npc);
  }

  NOINLINE void despawn(std::uint64_t id) {
    auto it = by_id_.find(id);
    if (it == by_id_.end()) return;
    delete it->second;
    by_id_.erase(it);  // by_zone_ keeps its entry
  }

  NOINLINE int tick(const std::string& zone, int now) {
    int sum = 0;
    auto [first, last] = by_zone_.equal_range(zone);
    for (auto it = first; it != last; ++it) sum += it->second->think(now);
    return sum;
  }

 private:
  std::map<std::uint64_t, Npc*> by_id_;
  std::multimap<std::string, Npc*> by_zone_;
};

int main() {
  World world;
  world.spawn("forest", new Wolf(1));
  world.spawn("village", new Merchant(2));
  world.spawn("forest", new Wolf(3));
  int sum = world.tick("forest", 1) + world.tick("village", 1);
  world.despawn(3);
  sum += world.tick("forest", 2);
  std::printf("%d\n", sum);
}
