// Loads the levels that a server is configured for. One of them does not exist, the loader throws,
// and nobody on the way up catches.
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "../patient.h"

class LevelStore {
 public:
  void add(const std::string& name, int tiles) { tiles_[name] = tiles; }

  NOINLINE int load(const std::string& name) const {
    auto it = tiles_.find(name);
    if (it == tiles_.end()) throw std::runtime_error("cannot load level '" + name + "'");
    return it->second;
  }

 private:
  std::map<std::string, int> tiles_;
};

NOINLINE int load_all(const LevelStore& store, const std::vector<std::string>& names) {
  int tiles = 0;
  for (const std::string& name : names) tiles += store.load(name);
  return tiles;
}

int main() {
  LevelStore store;
  store.add("castle", 4096);
  store.add("harbour", 9000);
  std::printf("%d tiles\n", load_all(store, {"castle", "harbor"}));
}
