// Heat maps of a game level are made when the level is loaded; one level is not loaded yet. The
// write to an array member of the null HeatMap lands tens of kilobytes above zero, not in the first
// page.
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "../patient.h"

struct HeatMap {
  char title[48] = {};
  std::uint32_t width = 128;
  std::uint32_t cells[128 * 128] = {};
};

class Heat {
 public:
  void load(const std::string& level) { maps_[level] = std::make_unique<HeatMap>(); }

  NOINLINE void put(const std::string& level, unsigned x, unsigned y, std::uint32_t heat) {
    HeatMap* map = find(level);
    map->cells[y * 128 + x] = heat;
    ++points_;
  }

  int points() const { return points_; }

 private:
  NOINLINE HeatMap* find(const std::string& level) {
    auto it = maps_.find(level);
    return it == maps_.end() ? nullptr : it->second.get();
  }

  std::map<std::string, std::unique_ptr<HeatMap>> maps_;
  int points_ = 0;
};

int main() {
  Heat heat;
  heat.load("castle");
  for (unsigned i = 0; i < 100; ++i) heat.put("castle", i, i, i * i);
  heat.put("harbour", 17, 90, 4);
  std::printf("%d points\n", heat.points());
}
