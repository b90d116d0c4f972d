// Threads that wait for each other's locks in a ring. The facts relied on (futex(2), glibc's
// pthread_mutex_t and pthread_rwlock_t, 2.26 to 2.41) stand in lock.h. A ring of waits without
// timeouts never ends by itself; a long queue behind a lock whose holder works, sleeps or waits for
// something else is no deadlock and is not accused.
#include <algorithm>
#include <unordered_map>

#include "cause/detectors/detectors.h"
#include "cause/detectors/lock_holders.h"
#include "cause/detectors/lock_waiters.h"
#include "cause/detectors/wait_graph.h"
#include "cause/evidence.h"
#include "cause/runtime/runtime_wait.h"

namespace inquest::cause {
namespace {

using answer::Finding;
using answer::Kind;

constexpr size_t kMostListed = 8;    // threads named in full in the evidence
constexpr size_t kMostScans = 2048;  // of stacks, in search of readers

/// Whether the thread calls itself as the dump does: not where a process in a container was dumped
/// from outside. Then no owner could be found by its number.
bool knows_its_number(const Process& process, const snapshot::Thread& thread) {
  if (!thread.tls || !process.snapshot().complete) return false;
  return process.memory().read<uint32_t>(Address{*thread.tls} + kPthreadTid) == thread.id;
}

/// Threads that wait for mutexes whose owner is gone: nobody is left to give them back.
Findings abandoned_mutexes(const Process& process, const std::vector<Waiter>& waiters) {
  const auto& snapshot = process.snapshot();
  std::unordered_map<uint64_t, size_t> finding_of;
  Findings findings;
  for (const auto& waiter : waiters) {
    const auto& thread = snapshot.threads[waiter.thread];
    if (!waiter.lock.owner_gone || !knows_its_number(process, thread)) continue;
    const auto& stack = process.stacks()[waiter.thread];
    std::string name = name_of_lock(process, waiter.lock.at, stack);
    std::string lock = fmt::format("the mutex at {}", waiter.lock.at);
    if (!name.empty()) lock = fmt::format("{} (mutex at {})", name, waiter.lock.at);
    answer::Evidence waits = wait_of(process, waiter, lock);
    if (auto known = finding_of.find(waiter.lock.at.value); known != finding_of.end()) {
      auto& evidence = findings[known->second].evidence;
      if (evidence.size() < kMostListed) evidence.push_back(std::move(waits));
      continue;
    }
    if (findings.size() == 8) break;
    finding_of[waiter.lock.at.value] = findings.size();
    uint32_t owner = *waiter.lock.owner_gone;
    const std::string where = where_waits(process, waiter);
    Finding finding{.kind = Kind::deadlock, .confidence = waiter.timed ? 0.6 : 0.88};
    finding.summary = fmt::format(
        "deadlock: thread {} waits{}{} for {}, whose owner, thread {}, is not in this process: "
        "it ended without unlocking it, or held it when this process was forked",
        thread_name(thread), where.empty() ? "" : " in ", where, name.empty() ? lock : name, owner);
    finding.evidence.push_back(std::move(waits));
    finding.evidence.push_back(
        {.what =
             fmt::format("its owner field says that thread {} holds it; the process has {} "
                         "thread{}, and none of that number",
                         owner, snapshot.threads.size(), snapshot.threads.size() == 1 ? "" : "s"),
         .address = waiter.lock.at});
    finding.next = {
        "unlock on every way out of a thread (std::lock_guard); after fork() in a process with "
        "threads, call only what is async-signal-safe until exec"};
    findings.push_back(std::move(finding));
  }
  return findings;
}

/// Who waits for whom, by indices of `waiters`.
class HolderSearch {
 public:
  HolderSearch(const Process& process, std::vector<Waiter>& waiters)
      : process_(process), waiters_(waiters) {
    for (size_t i = 0; i < waiters.size(); ++i) {
      by_tid_[process.snapshot().threads[waiters[i].thread].id] = i;
    }
  }

  std::vector<size_t> holders_of(size_t i) {
    auto& waiter = waiters_[i];
    if (waiter.lock.owner_gone) return {};
    if (waiter.lock.kind == LockKind::static_guard) return makers_of(i);
    if (!waiter.lock.owner) return readers_of(i);
    auto owner = by_tid_.find(*waiter.lock.owner);
    if (owner == by_tid_.end()) return {};
    // A recursive lock never waits for itself.
    if (owner->second == i && waiter.lock.recursive) return {};
    return {owner->second};
  }

 private:
  /// Held by readers, whom the lock does not name: those who have its address on their stack and
  /// wait for something else.
  std::vector<size_t> readers_of(size_t i) {
    auto& waiter = waiters_[i];
    const auto& snapshot = process_.snapshot();
    size_t waiting_readers = 0;
    std::vector<size_t> candidates;
    for (size_t k = 0; k < waiters_.size(); ++k) {
      bool same =
          waiters_[k].lock.at == waiter.lock.at && waiters_[k].lock.kind == LockKind::rwlock;
      if (same) {
        waiting_readers += !waiters_[k].lock.wants_write;
        continue;
      }
      const size_t thread = waiters_[k].thread;
      if (scans_ < kMostScans && ++scans_ &&
          mentions(process_, snapshot.threads[thread], process_.stacks()[thread], waiter.lock.at)) {
        candidates.push_back(k);
      }
    }
    if (candidates.empty() && waiter.lock.wants_write && waiter.lock.readers == 1) {
      waiter.holds_itself = reader_is_itself(process_, waiter.thread, waiter.calls, waiter.lock.at);
      if (waiter.holds_itself) candidates.push_back(i);
    }
    // Only when those threads are all the holders is nobody left who could give the lock back.
    if (candidates.empty() || waiter.lock.readers < waiting_readers ||
        waiter.lock.readers - waiting_readers > candidates.size()) {
      return {};
    }
    waiter.holders_guessed = true;
    return candidates;
  }

  /// Who makes a static variable, which its guard does not say: the one thread that waits for
  /// something else further in the same function.
  std::vector<size_t> makers_of(size_t i) {
    const LockState& guard = waiters_[i].lock;
    std::vector<size_t> makers;
    for (size_t k = 0; k < waiters_.size() && makers.size() < 2; ++k) {
      if (waiters_[k].lock.at == guard.at || scans_ >= kMostScans) continue;
      ++scans_;
      const auto& calls = waiters_[k].calls;
      if (std::any_of(calls.begin(), calls.end(),
                      [&](const Call& call) { return call.function == guard.guarded; })) {
        makers.push_back(k);
      }
    }
    if (makers.size() != 1) return {};
    return makers;
  }

  const Process& process_;
  std::vector<Waiter>& waiters_;
  std::unordered_map<uint32_t, size_t> by_tid_;
  size_t scans_ = 0;
};

double confidence_of(const std::vector<Waiter>& waiters, const std::vector<size_t>& ring) {
  double confidence = 0.98;
  for (size_t i : ring) {
    const Waiter& waiter = waiters[i];
    if (waiter.lock.kind == LockKind::library) confidence = std::min(confidence, 0.93);
    if (waiter.lock.kind == LockKind::static_guard) confidence = std::min(confidence, 0.92);
    if (waiter.holders_guessed) confidence = std::min(confidence, 0.75);
    if (waiter.timed) confidence = std::min(confidence, 0.6);
  }
  return confidence;
}

std::string advice_for(const std::vector<Waiter>& waiters, const std::vector<size_t>& ring) {
  auto has = [&](LockKind kind) {
    return std::any_of(ring.begin(), ring.end(),
                       [&](size_t i) { return waiters[i].lock.kind == kind; });
  };
  if (has(LockKind::library)) {
    return "call only async-signal-safe functions in a signal handler (signal-safety(7)): set a "
           "flag or write to a pipe, and do the work outside of it";
  }
  if (has(LockKind::thread_end)) {
    return "do not join a thread while holding a lock that it needs: unlock first, then join";
  }
  if (has(LockKind::static_guard)) {
    return "take no lock while a static variable is made that is used under that lock, or make the "
           "variable before the threads begin";
  }
  if (ring.size() == 1 && waiters[ring[0]].holds_itself) {
    return "a lock held for reading cannot be had for writing too: unlock it first, and check "
           "again what was read";
  }
  if (ring.size() == 1) {
    return "do not call code that takes the lock while holding it, or split the function into a "
           "locking and a lock-free part";
  }
  return "take the locks in one agreed order everywhere, or both at once with std::scoped_lock";
}

Finding finding_of(const Process& process, const std::vector<Waiter>& waiters,
                   const std::vector<std::vector<size_t>>& edges, const std::vector<size_t>& ring) {
  Finding finding{.kind = Kind::deadlock, .confidence = confidence_of(waiters, ring)};
  std::string all;
  for (size_t r = 0; r < std::min(ring.size(), kMostListed); ++r) {
    const auto& waiter = waiters[ring[r]];
    const auto& holder = waiters[ring[(r + 1) % ring.size()]];
    const LockWords words = words_of_lock(process, waiter, holder);
    all += (r == 0 ? "" : "; ") + waits_for(process, waiter, holder, words.brief);
    finding.evidence.push_back(wait_of(process, waiter, words.full));
    finding.evidence.push_back(hold_of(process, waiter, holder));
  }
  if (ring.size() > kMostListed) all += "; and so on";
  finding.summary = ring.size() == 1 ? fmt::format("deadlock of a thread with itself: {}", all)
                                     : fmt::format("deadlock of {} threads: {}", ring.size(), all);
  std::vector<bool> in_ring(waiters.size());
  for (size_t i : ring) in_ring[i] = true;
  size_t behind = 0;
  for (size_t i = 0; i < waiters.size(); ++i) {
    if (in_ring[i]) continue;
    behind += std::any_of(edges[i].begin(), edges[i].end(), [&](size_t to) { return in_ring[to]; });
  }
  if (behind > 0) {
    finding.evidence.push_back(
        {.what = fmt::format("{} more thread(s) wait for locks that these hold", behind)});
  }
  finding.next.push_back(advice_for(waiters, ring));
  return finding;
}

}  // namespace

Findings detect_deadlock(const Process& process) {
  if (process.snapshot().threads.empty()) return {};
  auto waiters = lock_waiters(process);
  if (waiters.empty()) return {};
  std::vector<std::vector<size_t>> edges(waiters.size());
  HolderSearch search(process, waiters);
  for (size_t i = 0; i < waiters.size(); ++i) edges[i] = search.holders_of(i);

  Findings findings = abandoned_mutexes(process, waiters);
  for (const auto& ring : find_rings(edges)) {
    findings.push_back(finding_of(process, waiters, edges, ring));
    if (findings.size() == 8) break;
  }
  return findings;
}

}  // namespace inquest::cause
