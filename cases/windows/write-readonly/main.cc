// A table that the linker put into read-only memory is changed.
#include "../runtime/windows.h"

struct Price {
  int gold;
  int silver;
};

extern const Price kPrices[3];
const Price kPrices[3] = {{1, 2}, {3, 4}, {5, 6}};

NOINLINE void discount(volatile Price* price) { price->silver = 0; }

int run_patient() {
  discount(const_cast<Price*>(&kPrices[1]));
  return kPrices[1].silver;
}
