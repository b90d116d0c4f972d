#include "cause/heap/half_done.h"

#include "cause/calls.h"

namespace inquest::cause {
namespace {

bool ended_by_itself(const snapshot::Snapshot& process) {
  const auto& fault = process.fault;
  if (!fault) return false;
  bool was_sent = fault->signal_code && *fault->signal_code <= 0;
  return !was_sent || !fault->sender_pid || fault->sender_pid == process.process.pid;
}

bool is_of_allocator(const Call& call) {
  return is_any(call, {"malloc",
                       "free",
                       "calloc",
                       "realloc",
                       "memalign",
                       "posix_memalign",
                       "aligned_alloc",
                       "__libc_malloc",
                       "__libc_free",
                       "__libc_calloc",
                       "__libc_realloc",
                       "__libc_memalign",
                       "_int_malloc",
                       "_int_free",
                       "_int_realloc",
                       "_int_memalign",
                       "malloc_consolidate",
                       "unlink_chunk",
                       "sysmalloc",
                       "systrim"});
}

bool stands_in_allocator(const Process& process, const unwind::Stack& stack) {
  constexpr size_t kInnermost = 8;
  std::vector<Call> calls = calls_of(process, stack, kInnermost);
  if (!calls.empty() && is_any(calls[0], {"__lll_lock_wait_private", "__lll_lock_wait"})) {
    return false;
  }
  for (const Call& call : calls) {
    if (is_own(call)) return false;
    if (is_of_allocator(call)) return true;
  }
  return false;
}

}  // namespace

std::vector<uint32_t> threads_in_allocator(const Process& process) {
  const auto& snapshot = process.snapshot();
  const auto& stacks = process.stacks();
  const bool own_end = ended_by_itself(snapshot);
  std::vector<uint32_t> out;
  for (size_t i = 0; i < snapshot.threads.size() && i < stacks.size(); ++i) {
    if (own_end && snapshot.threads[i].crashed) continue;
    if (stands_in_allocator(process, stacks[i])) out.push_back(snapshot.threads[i].id);
  }
  return out;
}

}  // namespace inquest::cause
