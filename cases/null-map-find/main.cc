// A market sells from a player's bag. The player has gone offline, so World::online is null for
// him, and std::map::find runs on the bag of a null Player: the tree's header is read at a small
// address.
#include <map>
#include <memory>
#include <string>

#include "../patient.h"

struct Item {
  int count = 0;
  int price = 0;
};

struct Player {
  long id = 0;
  std::string name;
  std::map<int, Item> bag;
};

class World {
 public:
  Player& login(long id, const std::string& name) {
    auto& slot = players_[id];
    slot = std::make_unique<Player>();
    slot->id = id;
    slot->name = name;
    return *slot;
  }

  void logout(long id) { players_.erase(id); }

  NOINLINE Player* online(long id) {
    auto it = players_.find(id);
    return it == players_.end() ? nullptr : it->second.get();
  }

 private:
  std::map<long, std::unique_ptr<Player>> players_;
};

class Market {
 public:
  explicit Market(World& world) : world_(world) {}

  NOINLINE int sell(long seller, int item, int count) {
    Player* player = world_.online(seller);
    auto it = player->bag.find(item);
    if (it == player->bag.end() || it->second.count < count) return 0;
    it->second.count -= count;
    turnover_ += count * it->second.price;
    return count;
  }

  int turnover() const { return turnover_; }

 private:
  World& world_;
  int turnover_ = 0;
};

int main() {
  World world;
  world.login(1, "alice").bag[7] = {5, 12};
  world.login(2, "bob").bag[9] = {1, 900};
  Market market(world);
  int sold = market.sell(1, 7, 3);
  world.logout(2);
  sold += market.sell(2, 9, 1);
  std::printf("%d sold for %d\n", sold, market.turnover());
}
