// A callback that lies in memory which is not code.
#include "../runtime/windows.h"

using Callback = int (*)(int);

struct Timer {
  Callback callback;
};

NOINLINE int fire(Timer* timer) { return timer->callback(3) + 1; }

int run_patient() {
  auto* bytes = static_cast<unsigned char*>(operator new(16));
  for (int i = 0; i < 16; ++i) bytes[i] = 0x90;
  Timer timer{reinterpret_cast<Callback>(bytes)};
  return fire(&timer);
}
