// A replay recorder keeps every frame of every match, and the service runs under a limit on its
// address space. One day the last megabyte is gone, and std::bad_alloc is caught by nobody.
#include <cstdint>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <vector>

#include "../patient.h"

struct Frame {
  std::uint32_t tick = 0;
  float positions[500][2] = {};
};

class Replay {
 public:
  NOINLINE void record(std::uint32_t tick) {
    auto frame = std::make_unique<Frame>();
    frame->tick = tick;
    frames_.push_back(std::move(frame));
  }

  std::size_t size() const { return frames_.size(); }

 private:
  std::vector<std::unique_ptr<Frame>> frames_;
};

NOINLINE std::size_t play(Replay& replay, std::uint32_t ticks) {
  for (std::uint32_t tick = 0; tick < ticks; ++tick) replay.record(tick);
  return replay.size();
}

int main() {
  // What a service manager does before it starts a service.
  rlimit limit;
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = 64u << 20;
  setrlimit(RLIMIT_AS, &limit);
  Replay replay;
  std::printf("%zu frames\n", play(replay, 10'000'000));
}
