// An assertion as Windows programs write it: a breakpoint that nobody waits for.
#include "../runtime/windows.h"

#define CHECK(condition) \
  if (!(condition)) __debugbreak()

NOINLINE int pick(const int* loot, int n, int index) {
  CHECK(index < n);
  return loot[index];
}

int run_patient() {
  static int loot[] = {5, 6, 7};
  volatile int index = 3;
  return pick(loot, 3, index);
}
