// A timer wheel keeps what to wake as a 32-bit cookie: enough when the server was a 32-bit program.
// Now the upper half of the Npc pointer is lost, and the timer fires into the first 4 GiB.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../patient.h"

struct Npc {
  std::string name;
  std::uint32_t awake = 0;
};

struct Timer {
  std::uint32_t due = 0;
  std::uint32_t cookie = 0;
};

class TimerWheel {
 public:
  void arm(std::uint32_t due, Npc* npc) {
    timers_.push_back({due, static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(npc))});
  }

  NOINLINE std::uint32_t advance(std::uint32_t now) {
    std::uint32_t fired = 0;
    for (const Timer& timer : timers_) {
      if (timer.due <= now) fired += fire(timer);
    }
    return fired;
  }

 private:
  NOINLINE std::uint32_t fire(const Timer& timer) {
    auto* npc = reinterpret_cast<Npc*>(static_cast<std::uintptr_t>(timer.cookie));
    return ++npc->awake;
  }

  std::vector<Timer> timers_;
};

int main() {
  std::vector<std::unique_ptr<Npc>> npcs;
  TimerWheel wheel;
  for (std::uint32_t i = 0; i < 10; ++i) {
    npcs.push_back(std::make_unique<Npc>(Npc{"npc" + std::to_string(i), 0}));
    wheel.arm(100 * (i + 1), npcs.back().get());
  }
  std::uint32_t fired = 0;
  for (std::uint32_t now = 0; now < 2000; now += 50) fired += wheel.advance(now);
  std::printf("%u fired\n", fired);
}
