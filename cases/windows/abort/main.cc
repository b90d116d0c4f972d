// The program gives up by itself.
#include "../runtime/windows.h"

extern "C" [[noreturn]] void abort();

NOINLINE void check_save(int version) {
  if (version > 3) abort();
}

int run_patient() {
  check_save(4);
  return 0;
}
