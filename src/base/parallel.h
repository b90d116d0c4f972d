/// Loops over all cores, by oneTBB's threads, which are started when first needed.
///
/// Small work stays in the thread that asked: waking another costs more than 0.1 ms of work. Safe
/// from any thread, and within a loop: a thread that waits for its loop takes up nothing else.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace inquest {

/// When other threads are woken: for chunks of much work at once; else when the loop has lasted
/// longer than waking them costs.
enum class Helpers { at_once, when_it_pays };

/// worker_number() is below this.
constexpr size_t kMostWorkers = 64;
/// Which thread this is within a loop: 0 outside loops and in the thread that asked for the loop.
size_t worker_number();

/// While it lives, loops of the thread that made it run on `threads` threads, itself included;
/// 0: as many as there are cores.
class ThreadLimit {
 public:
  explicit ThreadLimit(unsigned threads);
  ~ThreadLimit();
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;

 private:
  unsigned before_;
};

using LoopBody = void (*)(void* context, size_t i);
void run_loop(size_t count, LoopBody body, void* context, Helpers helpers);

/// body(i) for each i in [0, count), in no order. Returns when all have returned. The body must not
/// throw.
template <class Body>
void parallel_for(size_t count, Body&& body, Helpers helpers = Helpers::at_once) {
  using Bare = std::remove_reference_t<Body>;
  run_loop(
      count, [](void* context, size_t i) { (*static_cast<Bare*>(context))(i); },
      const_cast<void*>(static_cast<const void*>(&body)), helpers);
}

}  // namespace inquest
