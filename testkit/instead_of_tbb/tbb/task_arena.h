/// Stands in for oneTBB under ThreadSanitizer; see parallel_for.h.
#pragma once

#include "tbb/parallel_for.h"

namespace tbb {

/// So many threads for the loops of what is executed in it.
class task_arena {
 public:
  static constexpr int automatic = -1;
  explicit task_arena(int threads = automatic)
      : threads_(threads == automatic ? stand_in::kThreads : threads) {}
  template <class Function>
  decltype(auto) execute(const Function& function) {
    stand_in::Width width(threads_);
    return function();
  }

 private:
  int threads_;
};

namespace this_task_arena {
/// -1 outside of loops.
inline int current_thread_index() { return stand_in::number; }
inline int max_concurrency() { return stand_in::width; }
/// A thread here never picks up other work while it waits.
template <class Function>
decltype(auto) isolate(const Function& function) {
  return function();
}
}  // namespace this_task_arena

}  // namespace tbb
