// Threads that wait for each other's locks in a ring. The facts relied on (futex(2), glibc's
// pthread_mutex_t and pthread_rwlock_t, 2.26 to 2.41) stand in lock.h. A ring of waits without
// timeouts never ends by itself; a long queue behind a lock whose holder works, sleeps or waits for
// something else is no deadlock and is not accused.
#include <algorithm>
#include <unordered_map>

#include "cause/detectors/detectors.h"
#include "cause/detectors/lock_holders.h"
#include "cause/detectors/wait_graph.h"
#include "cause/evidence.h"
#include "cause/runtime/critical_section.h"
#include "cause/runtime/lock.h"

namespace inquest::cause {
namespace {

using answer::Finding;
using answer::Kind;

constexpr size_t kMostListed = 8;  // threads named in full in the evidence
constexpr size_t kMostWaiters = 8192;
constexpr size_t kMostScans = 2048;  // of stacks, in search of readers

struct Waiter {
  size_t thread = 0;  ///< index in the snapshot
  std::vector<Call> calls = {};
  LockState lock;
  bool timed = false;
  bool readers_guessed = false;  ///< its edges lead to threads that may hold the lock for reading
  /// Why it is most likely itself who holds for reading what it wants to write.
  std::optional<std::string> holds_itself = {};
};

std::vector<Waiter> windows_waiters(const Process& process) {
  const auto& snapshot = process.snapshot();
  const auto& stacks = process.stacks();
  std::vector<Waiter> out;
  for (size_t i = 0; i < snapshot.threads.size() && out.size() < kMostWaiters; ++i) {
    Waiter waiter{.thread = i, .calls = calls_of(process, stacks[i], 48)};
    auto lock = waited_critical_section(process, snapshot.threads[i], stacks[i], waiter.calls);
    if (!lock) continue;
    waiter.lock = *lock;
    out.push_back(std::move(waiter));
  }
  return out;
}

std::vector<Waiter> waiters_of(const Process& process) {
  const auto& snapshot = process.snapshot();
  if (snapshot.os == snapshot::Os::windows) return windows_waiters(process);
  std::vector<std::pair<size_t, FutexWait>> waits;
  for (size_t i = 0; i < snapshot.threads.size(); ++i) {
    if (auto wait = futex_wait(process, snapshot.threads[i])) waits.emplace_back(i, *wait);
    if (waits.size() == kMostWaiters) break;
  }
  std::vector<Waiter> out;
  if (waits.empty()) return out;
  const auto& stacks = process.stacks();
  for (const auto& [thread, wait] : waits) {
    Waiter waiter{.thread = thread, .calls = calls_of(process, stacks[thread], 48)};
    auto lock = waited_lock(process, wait, waiter.calls);
    if (!lock) continue;
    waiter.lock = *lock;
    waiter.timed = wait.timed;
    out.push_back(std::move(waiter));
  }
  return out;
}

std::string_view lock_word(LockKind kind) {
  return kind == LockKind::mutex ? "mutex" : "read-write lock";
}

std::string where_waits(const Process& process, const Waiter& waiter) {
  size_t own = find_own_call(waiter.calls);
  return own == kNoCall ? "code without symbols" : place_of(process, waiter.calls[own]);
}

answer::Evidence wait_of(const Process& process, const Waiter& waiter, const std::string& lock) {
  const auto& thread = process.snapshot().threads[waiter.thread];
  const size_t own = find_own_call(waiter.calls);
  answer::Evidence out{
      .what = fmt::format("thread {} waits {}for {}{}", thread_name(thread),
                          waiter.timed ? "(with a timeout) " : "", lock,
                          own == kNoCall ? "" : " in " + where_waits(process, waiter)),
      .thread = thread.id,
      .address = waiter.lock.at};
  if (own != kNoCall) out.frame = frame_index(waiter.calls, own);
  return out;
}

/// Whether the thread calls itself as the dump does: not where a process in a container was dumped
/// from outside. Then no owner could be found by its number. glibc keeps the number in struct
/// pthread's `tid`, 0x2d0 behind the thread pointer (x86-64, 2.4 to 2.41; nptl_db's symbols name
/// it).
bool knows_its_number(const Process& process, const snapshot::Thread& thread) {
  constexpr uint64_t kTid = 0x2d0;
  if (!thread.tls || !process.snapshot().complete) return false;
  return process.memory().read<uint32_t>(Address{*thread.tls} + kTid) == thread.id;
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
    Finding finding{.kind = Kind::deadlock, .confidence = waiter.timed ? 0.6 : 0.88};
    finding.summary = fmt::format(
        "deadlock: thread {} waits in {} for {}, whose owner, thread {}, is not in this process: "
        "it ended without unlocking it, or held it when this process was forked",
        thread_name(thread), where_waits(process, waiter), name.empty() ? lock : name, owner);
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

}  // namespace

Findings detect_deadlock(const Process& process) {
  const auto& snapshot = process.snapshot();
  if (snapshot.threads.empty()) return {};
  auto waiters = waiters_of(process);
  if (waiters.empty()) return {};
  const auto& stacks = process.stacks();
  std::unordered_map<uint32_t, size_t> by_tid;
  for (size_t i = 0; i < waiters.size(); ++i) by_tid[snapshot.threads[waiters[i].thread].id] = i;

  std::vector<std::vector<size_t>> edges(waiters.size());
  size_t scans = 0;
  for (size_t i = 0; i < waiters.size(); ++i) {
    auto& waiter = waiters[i];
    if (waiter.lock.owner_gone) continue;
    if (waiter.lock.owner) {
      auto owner = by_tid.find(*waiter.lock.owner);
      if (owner == by_tid.end()) continue;
      // A recursive lock never waits for itself.
      if (owner->second == i && waiter.lock.recursive) continue;
      edges[i].push_back(owner->second);
      continue;
    }
    // Held by readers, whom the lock does not name: those who have its address on their stack and
    // wait for something else.
    size_t waiting_readers = 0;
    std::vector<size_t> candidates;
    for (size_t k = 0; k < waiters.size(); ++k) {
      bool same = waiters[k].lock.at == waiter.lock.at && waiters[k].lock.kind == LockKind::rwlock;
      if (same) {
        waiting_readers += !waiters[k].lock.wants_write;
        continue;
      }
      if (scans < kMostScans && ++scans &&
          mentions(process, snapshot.threads[waiters[k].thread], stacks[waiters[k].thread],
                   waiter.lock.at)) {
        candidates.push_back(k);
      }
    }
    if (candidates.empty() && waiter.lock.wants_write && waiter.lock.readers == 1) {
      waiter.holds_itself = reader_is_itself(process, waiter.thread, waiter.calls, waiter.lock.at);
      if (waiter.holds_itself) candidates.push_back(i);
    }
    // Only when those threads are all the holders is nobody left who could give the lock back.
    if (candidates.empty() || waiter.lock.readers < waiting_readers ||
        waiter.lock.readers - waiting_readers > candidates.size()) {
      continue;
    }
    waiter.readers_guessed = true;
    edges[i] = std::move(candidates);
  }

  Findings findings = abandoned_mutexes(process, waiters);
  for (const auto& ring : find_rings(edges)) {
    bool timed = false, guessed = false;
    for (size_t i : ring) {
      timed |= waiters[i].timed;
      guessed |= waiters[i].readers_guessed;
    }
    Finding finding{.kind = Kind::deadlock, .confidence = timed ? 0.6 : guessed ? 0.75 : 0.98};
    std::vector<std::string> steps;
    for (size_t r = 0; r < std::min(ring.size(), kMostListed); ++r) {
      const auto& waiter = waiters[ring[r]];
      const auto& holder = waiters[ring[(r + 1) % ring.size()]];
      const auto& thread = snapshot.threads[waiter.thread];
      const auto& owner = snapshot.threads[holder.thread];
      std::string name = name_of_lock(process, waiter.lock.at, stacks[waiter.thread]);
      if (name.empty()) name = name_of_lock(process, waiter.lock.at, stacks[holder.thread]);
      std::string lock =
          name.empty()
              ? fmt::format("the {} at {}", lock_word(waiter.lock.kind), waiter.lock.at)
              : fmt::format("{} ({} at {})", name, lock_word(waiter.lock.kind), waiter.lock.at);
      std::string brief = name.empty() ? lock : name;
      if (ring.size() == 1) {
        steps.push_back(fmt::format("thread {} waits in {} for {}, which it holds itself",
                                    thread_name(thread), where_waits(process, waiter), brief));
      } else {
        steps.push_back(fmt::format("thread {} waits in {} for {}, held by thread {}",
                                    thread_name(thread), where_waits(process, waiter), brief,
                                    thread_name(owner)));
      }
      finding.evidence.push_back(wait_of(process, waiter, lock));
      answer::Evidence holds{
          .what =
              waiter.holds_itself
                  ? fmt::format("held for reading by one thread, which the lock does not name; {}",
                                *waiter.holds_itself)
              : waiter.readers_guessed
                  ? fmt::format("held for reading by {} thread(s), which the lock does not "
                                "name; a pointer to it lies on the stack of thread {}",
                                waiter.lock.readers, thread_name(owner))
                  : fmt::format("its owner field says that thread {} holds it", thread_name(owner)),
          .thread = owner.id,
          .address = waiter.lock.at};
      size_t taken = holding_call(process, stacks[holder.thread], holder.calls, waiter.lock.at);
      if (taken != kNoCall && ring.size() > 1) {
        holds.what +=
            fmt::format("; most likely taken in {}", place_of(process, holder.calls[taken]));
        holds.frame = frame_index(holder.calls, taken);
      }
      finding.evidence.push_back(std::move(holds));
    }
    std::string all;
    for (size_t i = 0; i < steps.size() && i < kMostListed; ++i) {
      all += (i == 0 ? "" : "; ") + steps[i];
    }
    if (ring.size() > kMostListed) all += "; and so on";
    finding.summary = ring.size() == 1
                          ? fmt::format("deadlock of a thread with itself: {}", all)
                          : fmt::format("deadlock of {} threads: {}", ring.size(), all);
    std::vector<bool> in_ring(waiters.size());
    for (size_t i : ring) in_ring[i] = true;
    size_t behind = 0;
    for (size_t i = 0; i < waiters.size(); ++i) {
      if (in_ring[i]) continue;
      behind +=
          std::any_of(edges[i].begin(), edges[i].end(), [&](size_t to) { return in_ring[to]; });
    }
    if (behind > 0) {
      finding.evidence.push_back(
          {.what = fmt::format("{} more thread(s) wait for locks that these hold", behind)});
    }
    finding.next.push_back(
        ring.size() == 1 && waiters[ring[0]].holds_itself
            ? "a lock held for reading cannot be had for writing too: unlock it first, and check "
              "again what was read"
        : ring.size() == 1
            ? "do not call code that takes the lock while holding it, or split the function into a "
              "locking and a lock-free part"
            : "take the locks in one agreed order everywhere, or both at once with "
              "std::scoped_lock");
    findings.push_back(std::move(finding));
    if (findings.size() == 8) break;
  }
  return findings;
}

}  // namespace inquest::cause
