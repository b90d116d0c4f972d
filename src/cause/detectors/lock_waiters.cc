#include "cause/detectors/lock_waiters.h"

#include "cause/detectors/lock_holders.h"
#include "cause/evidence.h"
#include "cause/runtime/critical_section.h"
#include "cause/runtime/runtime_wait.h"

namespace inquest::cause {
namespace {

constexpr size_t kMostWaiters = 8192;
constexpr size_t kCalls = 48;

std::vector<Waiter> windows_waiters(const Process& process) {
  const auto& snapshot = process.snapshot();
  const auto& stacks = process.stacks();
  std::vector<Waiter> out;
  for (size_t i = 0; i < snapshot.threads.size() && out.size() < kMostWaiters; ++i) {
    Waiter waiter{.thread = i, .calls = calls_of(process, stacks[i], kCalls)};
    auto lock = waited_critical_section(process, snapshot.threads[i], stacks[i], waiter.calls);
    if (!lock) continue;
    waiter.lock = *lock;
    out.push_back(std::move(waiter));
  }
  return out;
}

std::optional<LockState> lock_behind(const Process& process, const ThreadIndex& threads,
                                     const FutexWait& wait, const Waiter& waiter) {
  if (auto lock = waited_thread_or_stream(process, threads, wait)) return lock;
  if (auto lock = waited_guard(wait, waiter.calls)) return lock;
  const auto& thread = process.snapshot().threads[waiter.thread];
  const auto& stack = process.stacks()[waiter.thread];
  if (auto lock = lock_below_handler(thread, wait, stack, waiter.calls)) return lock;
  return waited_lock(process, threads, wait, waiter.calls);
}

std::string_view kind_word(LockKind kind) {
  switch (kind) {
    case LockKind::rwlock:
      return "read-write lock";
    case LockKind::stream:
      return "lock of the stream";
    case LockKind::library:
      return "lock of the C library";
    case LockKind::static_guard:
      return "guard of the static variable";
    case LockKind::thread_end:
    case LockKind::mutex:
      break;
  }
  return "mutex";
}

}  // namespace

std::vector<Waiter> lock_waiters(const Process& process) {
  const auto& snapshot = process.snapshot();
  if (snapshot.os == snapshot::Os::windows) return windows_waiters(process);
  std::vector<std::pair<size_t, FutexWait>> waits;
  for (size_t i = 0; i < snapshot.threads.size(); ++i) {
    if (auto wait = futex_wait(process, snapshot.threads[i])) waits.emplace_back(i, *wait);
    if (waits.size() == kMostWaiters) break;
  }
  std::vector<Waiter> out;
  if (waits.empty()) return out;
  const ThreadIndex threads(snapshot);
  const auto& stacks = process.stacks();
  for (const auto& [thread, wait] : waits) {
    Waiter waiter{.thread = thread, .calls = calls_of(process, stacks[thread], kCalls)};
    auto lock = lock_behind(process, threads, wait, waiter);
    if (!lock) continue;
    waiter.lock = std::move(*lock);
    waiter.timed = wait.timed;
    out.push_back(std::move(waiter));
  }
  return out;
}

std::string where_waits(const Process& process, const Waiter& waiter) {
  size_t own = find_own_call(waiter.calls);
  return own == kNoCall ? "" : place_of(process, waiter.calls[own]);
}

LockWords words_of_lock(const Process& process, const Waiter& waiter, const Waiter& holder) {
  const LockState& lock = waiter.lock;
  const auto& stacks = process.stacks();
  switch (lock.kind) {
    case LockKind::thread_end: {
      auto end = fmt::format("the end of thread {}",
                             thread_name(process.snapshot().threads[holder.thread]));
      return {end, end};
    }
    case LockKind::library:
      return {fmt::format("the C library's lock of {}() at {}", lock.guarded, lock.at),
              fmt::format("the C library's lock of {}()", lock.guarded)};
    case LockKind::static_guard:
      return {fmt::format("the static variable of `{}` (guard at {})", lock.guarded, lock.at),
              fmt::format("the static variable of `{}`", lock.guarded)};
    case LockKind::stream: {
      std::string name = standard_stream(process, lock.at);
      if (name.empty()) break;
      return {fmt::format("`{}` (its lock at {})", name, lock.at), fmt::format("`{}`", name)};
    }
    default:
      break;
  }
  std::string name = name_of_lock(process, lock.at, stacks[waiter.thread]);
  if (name.empty()) name = name_of_lock(process, lock.at, stacks[holder.thread]);
  std::string full = fmt::format("the {} at {}", kind_word(lock.kind), lock.at);
  if (name.empty()) return {full, full};
  return {fmt::format("{} ({} at {})", name, kind_word(lock.kind), lock.at), name};
}

std::string waits_for(const Process& process, const Waiter& waiter, const Waiter& holder,
                      const std::string& brief) {
  const auto& threads = process.snapshot().threads;
  std::string where = where_waits(process, waiter);
  std::string out = fmt::format("thread {} waits{}{} for ", thread_name(threads[waiter.thread]),
                                where.empty() ? "" : " in ", where);
  std::string owner = thread_name(threads[holder.thread]);
  if (waiter.lock.kind == LockKind::thread_end) return out + brief;
  if (waiter.lock.kind == LockKind::library) {
    return out + brief +
           ", which it holds itself: it is in a signal handler, and the signal "
           "interrupted that function";
  }
  if (waiter.lock.kind == LockKind::static_guard) {
    return out + fmt::format("{}, which thread {} is making", brief, owner);
  }
  if (waiter.thread == holder.thread) return out + brief + ", which it holds itself";
  return out + fmt::format("{}, held by thread {}", brief, owner);
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

answer::Evidence hold_of(const Process& process, const Waiter& waiter, const Waiter& holder) {
  const auto& owner = process.snapshot().threads[holder.thread];
  const std::string name = thread_name(owner);
  answer::Evidence out{.thread = owner.id, .address = waiter.lock.at};
  const LockState& lock = waiter.lock;
  if (waiter.holds_itself) {
    out.what = fmt::format("held for reading by one thread, which the lock does not name; {}",
                           *waiter.holds_itself);
  } else if (lock.kind == LockKind::static_guard) {
    out.what = fmt::format(
        "the guard does not name who makes the variable; of the waiting "
        "threads, only thread {} is further in `{}`",
        name, lock.guarded);
  } else if (waiter.holders_guessed) {
    out.what = fmt::format(
        "held for reading by {} thread(s), which the lock does not name; a "
        "pointer to it lies on the stack of thread {}",
        lock.readers, name);
  } else if (lock.kind == LockKind::thread_end) {
    out.what = fmt::format(
        "the word that is waited for is the number of thread {}, in its "
        "descriptor: pthread_join",
        name);
    return out;
  } else if (lock.kind == LockKind::library) {
    out.what = fmt::format(
        "such a lock does not name its holder; below the signal handler, the "
        "stack of thread {} is in {}() already",
        name, lock.guarded);
    return out;
  } else {
    out.what = fmt::format("its owner field says that thread {} holds it", name);
  }
  if (waiter.thread == holder.thread) return out;
  const auto& stack = process.stacks()[holder.thread];
  size_t taken = holding_call(process, stack, holder.calls, lock.at);
  if (taken != kNoCall && lock.kind != LockKind::static_guard) {
    out.what += fmt::format("; most likely taken in {}", place_of(process, holder.calls[taken]));
    out.frame = frame_index(holder.calls, taken);
  }
  return out;
}

}  // namespace inquest::cause
