// A level buffer of 400 KB is released by the loader and again by the level. Blocks of that size
// are mappings of their own: the first free unmaps the block together with its header, and the
// second one faults inside free instead of ending in a message.
#include <cstdlib>
#include <cstring>
#include <string>

#include "../patient.h"

struct Level {
  std::string name;
  unsigned char* tiles = nullptr;
};

class Loader {
 public:
  NOINLINE void load(Level& level, std::size_t bytes) {
    buffer_ = static_cast<unsigned char*>(std::malloc(bytes));
    std::memset(buffer_, '.', bytes);
    level.tiles = buffer_;
  }

  NOINLINE void close() {
    std::free(buffer_);
    buffer_ = nullptr;
  }

 private:
  unsigned char* buffer_ = nullptr;
};

NOINLINE void unload(Level& level) {
  std::free(level.tiles);
  level.tiles = nullptr;
}

int main() {
  Level level{"castle"};
  Loader loader;
  loader.load(level, 400 * 1000);
  std::printf("%s: first tile '%c'\n", level.name.c_str(), level.tiles[0]);
  loader.close();
  unload(level);
  std::printf("unloaded\n");
}
