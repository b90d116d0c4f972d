#include "base/parallel.h"

#include <atomic>
#include <gtest/gtest.h>
#include <numeric>
#include <set>
#include <thread>
#include <vector>

namespace inquest {
namespace {

TEST(Parallel, EachIndexOnce) {
  for (Helpers helpers : {Helpers::at_once, Helpers::when_it_pays}) {
    for (size_t count : {0, 1, 2, 3, 1000}) {
      std::vector<std::atomic<int>> seen(count);
      parallel_for(count, [&](size_t i) { ++seen[i]; }, helpers);
      for (const auto& times : seen) EXPECT_EQ(times, 1);
    }
  }
}

TEST(Parallel, ManyLoopsOneAfterTheOther) {
  std::atomic<size_t> sum = 0;
  for (int round = 0; round < 2000; ++round) parallel_for(3, [&](size_t i) { sum += i; });
  EXPECT_EQ(sum, 2000u * 3);
}

TEST(Parallel, ALoopWithinALoopEnds) {
  std::atomic<int> times = 0;
  parallel_for(8, [&](size_t) { parallel_for(8, [&](size_t) { ++times; }); });
  EXPECT_EQ(times, 64);
}

TEST(Parallel, LoopsOfSeveralThreadsAtOnce) {
  std::vector<size_t> sums(4);
  {
    std::vector<std::jthread> threads;
    for (size_t t = 0; t < sums.size(); ++t) {
      threads.emplace_back([&, t] {
        std::vector<size_t> parts(500);
        parallel_for(parts.size(), [&](size_t i) { parts[i] = i; });
        sums[t] = std::accumulate(parts.begin(), parts.end(), size_t{0});
      });
    }
  }
  EXPECT_EQ(sums, std::vector<size_t>(4, 500 * 499 / 2));
}

TEST(Parallel, ALimitOfOneStaysInItsThread) {
  ThreadLimit one(1);
  const auto self = std::this_thread::get_id();
  parallel_for(100, [&](size_t) {
    EXPECT_EQ(std::this_thread::get_id(), self);
    EXPECT_EQ(worker_number(), 0u);
  });
}

TEST(Parallel, WorkersHaveNumbersOfTheirOwn) {
  ThreadLimit four(4);
  std::vector<std::set<std::thread::id>> threads(kMostWorkers);
  parallel_for(400, [&](size_t) {
    ASSERT_LT(worker_number(), kMostWorkers);
    threads[worker_number()].insert(std::this_thread::get_id());
  });
  for (const auto& of_worker : threads) EXPECT_LE(of_worker.size(), 1u);
}

}  // namespace
}  // namespace inquest
