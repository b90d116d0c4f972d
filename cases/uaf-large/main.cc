// A level is loaded again: the old map's tiles, a block so large that malloc maps it on its own,
// are given back, and a camera still has the pointer to them.
#include <vector>

#include "../patient.h"

struct Tile {
  int kind = 0, height = 0;
};

struct Camera {
  const Tile* tiles = nullptr;
  int x = 0;
};

NOINLINE int height_below(const Camera& camera) { return camera.tiles[camera.x].height; }

int main() {
  Camera camera;
  std::vector<Tile> level(300000, Tile{1, 2});
  camera.tiles = level.data();
  camera.x = 1234;
  int sum = height_below(camera);
  level = std::vector<Tile>();
  return sum + height_below(camera);
}
