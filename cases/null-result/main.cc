// A guild that was dissolved is looked up by its number: nobody asks whether it was found before
// the member is read, so the pointer never had a name.
#include <map>

#include "../patient.h"

struct Guild {
  int members[11] = {};
  int rank = 0;
};

class Registry {
 public:
  void found(int number) { guilds_[number] = new Guild; }
  void dissolve(int number) {
    delete find(number);
    guilds_.erase(number);
  }

  NOINLINE Guild* find(int number) {
    auto entry = guilds_.find(number);
    return entry == guilds_.end() ? nullptr : entry->second;
  }

 private:
  std::map<int, Guild*> guilds_;
};

NOINLINE int standing_of(Registry& registry, int number) { return registry.find(number)->rank; }

int main() {
  Registry registry;
  for (int number = 1; number < 9; ++number) registry.found(number);
  registry.dissolve(5);
  int sum = 0;
  for (int number = 1; number < 9; ++number) sum += standing_of(registry, number);
  return sum;
}
