// Code that must not be reached is reached.
#include "../runtime/windows.h"

NOINLINE int damage_of(int kind) {
  switch (kind) {
    case 1:
      return 10;
    case 2:
      return 20;
  }
  __builtin_trap();
}

int run_patient() {
  volatile int kind = 3;
  return damage_of(kind);
}
