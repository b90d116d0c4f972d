// A tile map writes its rows with a loop that runs one tile too far. The tile lands in the size
// word of the free block behind; when the row is freed, glibc wants to merge the two and the sizes
// disagree.
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "../patient.h"

class Row {
 public:
  explicit Row(std::size_t width) : width_(width), tiles_(static_cast<char*>(std::malloc(width))) {}
  NOINLINE ~Row() { std::free(tiles_); }
  Row(const Row&) = delete;
  Row& operator=(const Row&) = delete;

  NOINLINE void paint(char tile) {
    for (std::size_t i = 0; i <= width_; ++i) tiles_[i] = tile;
  }

  void clear() { std::memset(tiles_, 0, width_); }
  char first() const { return tiles_[0]; }

 private:
  std::size_t width_;
  char* tiles_;
};

NOINLINE char redraw(std::size_t width) {
  Row row(width);
  std::optional<Row> shadow(std::in_place, width + 16);
  Row sky(width + 512);
  shadow->clear();
  sky.clear();
  shadow.reset();  // the block behind the row's becomes a free one
  row.paint('a');
  return row.first();
}

int main() {
  const char tile = redraw(1272);
  std::printf("painted with '%c'\n", tile);
}
