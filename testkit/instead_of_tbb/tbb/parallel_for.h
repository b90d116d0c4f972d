/// Stands in for oneTBB where everything is watched by ThreadSanitizer (preset `tsan`).
///
/// Debian's libtbb is not compiled with it: how its threads hand work to each other is not seen, so
/// everything that is written before a parallel_for and read inside would be called a race, and a
/// suppression wide enough for that would hide our own. Here are the few functions of it that we
/// call, made of std::thread, of which ThreadSanitizer sees every step. The items of a loop are
/// taken from a relaxed counter, so that nothing but the loop's begin and end orders them: as
/// little as oneTBB promises.
#pragma once

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

namespace tbb {

namespace stand_in {
/// Threads of a loop: enough to meet each other.
inline constexpr int kThreads = 4;
/// How many threads a loop of this thread may use; a loop within a loop has the one that runs it.
inline thread_local int width = kThreads;
/// Which of a loop's threads this is: 0 is the one that asked for it.
inline thread_local int number = -1;

class Width {
 public:
  explicit Width(int now) : before_(width) { width = now; }
  ~Width() { width = before_; }
  Width(const Width&) = delete;
  Width& operator=(const Width&) = delete;

 private:
  int before_;
};
}  // namespace stand_in

/// Calls body(i) for every i in [first, last), in any order, on several threads; returns when all
/// are done.
template <class Index, class Body>
void parallel_for(Index first, Index last, const Body& body) {
  if (!(first < last)) return;
  std::atomic<Index> next = first;
  auto work = [&](int number) {
    stand_in::Width alone(1);
    const int before = std::exchange(stand_in::number, number);
    for (Index i = 0; (i = next.fetch_add(1, std::memory_order_relaxed)) < last;) body(i);
    stand_in::number = before;
  };
  std::vector<std::jthread> others;
  const Index most = last - first;
  for (int t = 1; t < stand_in::width && static_cast<Index>(t) < most; ++t)
    others.emplace_back(work, t);
  work(0);
}

}  // namespace tbb
