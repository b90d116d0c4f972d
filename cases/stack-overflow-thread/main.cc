// A loader thread with a small stack colours the lakes of a map by recursive flood fill. The ocean
// is one lake too: the fill goes as deep as the ocean has tiles. Below a thread's stack lies its
// guard page.
#include <pthread.h>
#include <string>
#include <vector>

#include "../patient.h"

class Map {
 public:
  Map(int width, int height) : width_(width), height_(height), tiles_(width * height, '~') {}

  void raise_island(int x, int y) { tiles_[y * width_ + x] = '^'; }

  NOINLINE int fill(int x, int y, char lake) {
    if (x < 0 || y < 0 || x >= width_ || y >= height_) return 0;
    char& tile = tiles_[y * width_ + x];
    if (tile != '~') return 0;
    tile = lake;
    int filled = 1;
    filled += fill(x + 1, y, lake);
    filled += fill(x - 1, y, lake);
    filled += fill(x, y + 1, lake);
    filled += fill(x, y - 1, lake);
    return filled;
  }

 private:
  int width_;
  int height_;
  std::vector<char> tiles_;
};

void* load_map(void* argument) {
  name_this_thread("map-loader");
  auto* map = static_cast<Map*>(argument);
  std::printf("%d tiles\n", map->fill(0, 0, 'a'));
  return nullptr;
}

int main() {
  Map map(600, 400);
  for (int i = 100; i < 200; ++i) map.raise_island(i, i);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 512 * 1024);
  pthread_t loader;
  pthread_create(&loader, &attributes, load_map, &map);
  pthread_join(loader, nullptr);
}
