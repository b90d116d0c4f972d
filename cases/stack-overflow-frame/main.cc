// A thumbnail is painted on a canvas that is a local variable. Somebody raised its size to 2048 x
// 2048 pixels of four bytes: one frame of 16 MiB on a stack of 8 MiB, without any recursion.
#include <cstdint>
#include <string>
#include <sys/resource.h>
#include <vector>

#include "../patient.h"

constexpr int kSide = 2048;

struct Sprite {
  int x;
  int y;
  std::uint32_t colour;
};

NOINLINE void paint(std::uint32_t* canvas, const Sprite& sprite) {
  for (int dy = 0; dy < 32; ++dy) {
    for (int dx = 0; dx < 32; ++dx) {
      canvas[(sprite.y + dy) * kSide + sprite.x + dx] = sprite.colour;
    }
  }
}

NOINLINE std::uint32_t render_thumbnail(const std::vector<Sprite>& sprites) {
  std::uint32_t canvas[kSide * kSide];
  for (const Sprite& sprite : sprites) paint(canvas, sprite);
  return canvas[0] ^ canvas[100 * kSide + 100];
}

NOINLINE std::uint32_t render_album(int pages) {
  std::uint32_t checksum = 0;
  for (int page = 0; page < pages; ++page) {
    checksum ^= render_thumbnail(
        {{0, 0, 0xFF0000u + static_cast<std::uint32_t>(page)}, {100, 100, 0x00FF00u}});
  }
  return checksum;
}

int main() {
  // Whoever starts us may have raised the limit; the case needs the usual one.
  rlimit limit;
  getrlimit(RLIMIT_STACK, &limit);
  limit.rlim_cur = 8 << 20;
  setrlimit(RLIMIT_STACK, &limit);
  std::printf("%08x\n", render_album(3));
}
