#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unistd.h>
#include <vector>

namespace inquest {
namespace {

using LoopClock = std::chrono::steady_clock;
/// Starting a thread takes 50 to 100 microseconds, waking one 5 to 50; a loop that is shared from
/// here on must have more left than that to be the sooner done.
constexpr auto kWorthHelpers = std::chrono::microseconds(500);

thread_local unsigned thread_limit = 0;
thread_local size_t this_worker = 0;

struct Loop {
  LoopBody body;
  void* context;
  size_t count;
  std::atomic<size_t> next;

  void work() {
    for (size_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) body(context, i);
  }
};

class Workers {
 public:
  static Workers& shared() {
    static Workers workers;
    return workers;
  }
  ~Workers();

  /// Runs the loop with so many helpers at most. False when another loop has the threads.
  bool run(Loop& loop, size_t helpers);

 private:
  void serve(size_t number);
  void start(size_t helpers);

  std::mutex mutex_;
  std::condition_variable wake_, idle_;
  std::vector<std::thread> threads_;
  Loop* loop_ = nullptr;
  size_t places_ = 0;  ///< helpers that may still join the loop
  size_t inside_ = 0;  ///< helpers in the loop
  bool quit_ = false;
  pid_t process_ = ::getpid();  ///< a fork has no threads of its parent
};

Workers::~Workers() {
  if (process_ != ::getpid()) {
    static auto* never_joined = new std::vector<std::thread>(std::move(threads_));
    (void)never_joined;
    return;
  }
  {
    std::lock_guard lock(mutex_);
    quit_ = true;
    wake_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

void Workers::start(size_t helpers) {
  while (threads_.size() < helpers) {
    // Without threads (a limit of the system) the loop is run by whoever is there.
    try {
      threads_.emplace_back([this, number = threads_.size() + 1] { serve(number); });
    } catch (const std::exception&) {
      return;
    }
  }
}

void Workers::serve(size_t number) {
  this_worker = number;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return quit_ || places_ > 0; });
    if (quit_) return;
    --places_;
    ++inside_;
    Loop* loop = loop_;
    lock.unlock();
    loop->work();
    lock.lock();
    if (--inside_ == 0) idle_.notify_all();
  }
}

bool Workers::run(Loop& loop, size_t helpers) {
  if (process_ != ::getpid()) return false;
  {
    std::lock_guard lock(mutex_);
    if (loop_) return false;
    start(helpers);
    loop_ = &loop;
    places_ = std::min(helpers, threads_.size());
    if (places_ == 1) {
      wake_.notify_one();
    } else {
      wake_.notify_all();
    }
  }
  loop.work();
  std::unique_lock lock(mutex_);
  places_ = 0;
  idle_.wait(lock, [&] { return inside_ == 0; });
  loop_ = nullptr;
  return true;
}

}  // namespace

size_t worker_number() { return this_worker; }

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
  if (count - i >= 2) {
    static const size_t cores = std::max(1u, std::thread::hardware_concurrency());
    const size_t threads = std::min(thread_limit ? thread_limit : cores, kMostWorkers);
    Loop loop{body, context, count, i};
    if (threads > 1 && Workers::shared().run(loop, std::min(threads, count - i) - 1)) return;
  }
  for (; i < count; ++i) body(context, i);
}

}  // namespace inquest
