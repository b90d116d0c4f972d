#include "base/parallel.h"

#include <algorithm>
#include <chrono>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

namespace inquest {
namespace {

using LoopClock = std::chrono::steady_clock;
/// Starting oneTBB's threads takes 50 to 100 microseconds, waking one 5 to 50.
constexpr auto kWorthHelpers = std::chrono::microseconds(200);

thread_local unsigned thread_limit = 0;

}  // namespace

size_t worker_number() {
  const int number = tbb::this_task_arena::current_thread_index();
  return number < 0 ? 0 : static_cast<size_t>(number);
}

ThreadLimit::ThreadLimit(unsigned threads) : before_(thread_limit) { thread_limit = threads; }
ThreadLimit::~ThreadLimit() { thread_limit = before_; }

void run_loop(size_t count, LoopBody body, void* context, Helpers helpers) {
  size_t i = 0;
  if (helpers == Helpers::when_it_pays) {
    const auto start = LoopClock::now();
    while (i < count) {
      body(context, i++);
      if (LoopClock::now() - start > kWorthHelpers) break;
    }
  }
  if (count - i < 2 || thread_limit == 1) {
    for (; i < count; ++i) body(context, i);
    return;
  }
  // Isolated: a thread that waits for its loop must not pick up work of an outer one, whose locks
  // it may hold.
  auto all = [&] {
    tbb::this_task_arena::isolate(
        [&] { tbb::parallel_for(i, count, [&](size_t n) { body(context, n); }); });
  };
  const int most =
      static_cast<int>(thread_limit ? std::min<size_t>(thread_limit, kMostWorkers) : kMostWorkers);
  if (tbb::this_task_arena::max_concurrency() > most) {
    tbb::task_arena(most).execute(all);
  } else {
    all();
  }
}

}  // namespace inquest
