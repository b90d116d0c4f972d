#include "cause/detectors/lock_holders.h"

#include <algorithm>

namespace inquest::cause {
namespace {

constexpr uint64_t kScannedStack = 64 << 10;
constexpr size_t kMostThreads = 1024;  // whose stacks are searched

/// Calls `each` with every word's address in the frames of the program's own functions, and the
/// index of the call, until it returns true.
template <class Each>
void each_own_word(const unwind::Stack& stack, const std::vector<Call>& calls, Each&& each) {
  for (size_t i = 0; i < calls.size(); ++i) {
    if (!is_own(calls[i])) continue;
    if (i > 0 && calls[i].frame == calls[i - 1].frame && is_own(calls[i - 1])) continue;
    const auto& frame = stack.frames[calls[i].frame];
    auto sp = frame.registers.sp();
    if (!sp || frame.cfa < *sp || frame.cfa - *sp > kScannedStack) continue;
    for (Address at = *sp; at < frame.cfa; at = at + 8) {
      if (each(at, i)) return;
    }
  }
}

}  // namespace

size_t holding_call(const Process& process, const unwind::Stack& stack,
                    const std::vector<Call>& calls, Address lock) {
  size_t found = kNoCall;
  each_own_word(stack, calls, [&](Address at, size_t call) {
    if (process.memory().read<uint64_t>(at) != lock.value) return false;
    found = call;
    return true;
  });
  return found;
}

bool mentions(const Process& process, const snapshot::Thread& thread, const unwind::Stack& stack,
              Address lock) {
  auto sp = thread.registers.sp();
  if (!sp || stack.frames.empty()) return false;
  Address end = std::max(stack.frames.back().cfa, *sp + 1024);
  if (end - *sp > kScannedStack) end = *sp + kScannedStack;
  for (Address at = *sp; at < end; at = at + 8) {
    auto word = process.memory().read<uint64_t>(at);
    if (!word) return false;
    if (*word == lock.value) return true;
  }
  return false;
}

std::optional<std::string> reader_is_itself(const Process& process, size_t thread,
                                            const std::vector<Call>& calls, Address lock) {
  const auto& threads = process.snapshot().threads;
  const auto& stacks = process.stacks();
  if (!process.snapshot().complete || threads.size() > kMostThreads) return {};
  // In shared memory it may be held by another process.
  const auto* region = process.snapshot().region_at(lock);
  const bool is_file = region && region->file.starts_with('/');
  if (is_file && !process.snapshot().module_at(lock)) return {};
  if (threads.size() == 1) return "this is the only thread of the process";
  std::optional<Address> guard;
  each_own_word(stacks[thread], calls, [&](Address at, size_t) {
    if (process.memory().read<uint64_t>(at) != lock.value) return false;
    if (process.memory().read<uint8_t>(at + 8) != 1) return false;
    guard = at;
    return true;
  });
  if (!guard) return {};
  for (size_t i = 0; i < threads.size(); ++i) {
    if (i != thread && mentions(process, threads[i], stacks[i], lock)) return {};
  }
  return fmt::format(
      "the std::shared_lock at {} on this thread's stack owns it, and no other thread's stack has "
      "a "
      "pointer to it",
      *guard);
}

}  // namespace inquest::cause
