// Healthy: a job queue under way. Eight workers take jobs from one queue; most of them wait on its
// condition variable, and whoever holds the lock holds it for a moment. Killed at any instant,
// there is nothing to accuse.
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "../patient.h"

class JobQueue {
 public:
  NOINLINE void push(std::uint64_t job) {
    {
      std::lock_guard lock(mutex_);
      jobs_.push_back(job);
    }
    not_empty_.notify_one();
  }

  NOINLINE std::uint64_t pop() {
    std::unique_lock lock(mutex_);
    not_empty_.wait(lock, [this] { return !jobs_.empty(); });
    const std::uint64_t job = jobs_.front();
    jobs_.pop_front();
    return job;
  }

 private:
  std::mutex mutex_;
  std::condition_variable not_empty_;
  std::deque<std::uint64_t> jobs_;
};

struct Totals {
  std::mutex mutex;
  std::uint64_t checksum = 0;
};

NOINLINE std::uint64_t digest(std::uint64_t job) {
  for (int i = 0; i < 20'000; ++i) job = job * 6364136223846793005u + 1442695040888963407u;
  return job;
}

NOINLINE void work(JobQueue& queue, Totals& totals) {
  while (true) {
    const std::uint64_t result = digest(queue.pop());
    std::lock_guard lock(totals.mutex);
    totals.checksum ^= result;
  }
}

int main() {
  JobQueue queue;
  Totals totals;
  std::vector<std::thread> workers;
  for (int i = 0; i < 8; ++i) {
    workers.emplace_back([&, i] {
      name_this_thread(("worker-" + std::to_string(i)).c_str());
      work(queue, totals);
    });
  }
  announce_ready();
  for (std::uint64_t job = 0;; ++job) {
    queue.push(job);
    if (job % 16 == 0) std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
}
