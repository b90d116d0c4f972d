// Creatures are Movable and Drawable. The renderer deletes through Drawable*, which has no virtual
// destructor and is the second base: what reaches free is a pointer into the middle of the block.
#include <cstdint>
#include <string>
#include <vector>

#include "../patient.h"

struct Movable {
  std::uint64_t x = 0;
  std::uint64_t y = 0;
};

struct Drawable {
  std::uint64_t sprite = 0;
  std::uint64_t layer = 0;
};

struct Creature : Movable, Drawable {
  std::uint64_t health = 100;
};

class Renderer {
 public:
  void add(Drawable* drawable) { drawables_.push_back(drawable); }

  NOINLINE std::uint64_t clear() {
    std::uint64_t layers = 0;
    for (Drawable* drawable : drawables_) {
      layers += drawable->layer;
      delete drawable;
    }
    drawables_.clear();
    return layers;
  }

 private:
  std::vector<Drawable*> drawables_;
};

int main() {
  Renderer renderer;
  for (std::uint64_t i = 1; i <= 4; ++i) {
    auto* creature = new Creature;
    creature->x = i;
    creature->layer = i % 2;
    renderer.add(creature);
  }
  std::printf("%llu layers\n", static_cast<unsigned long long>(renderer.clear()));
}
