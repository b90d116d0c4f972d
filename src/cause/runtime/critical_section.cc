#include "cause/runtime/critical_section.h"

namespace inquest::cause {
namespace {

constexpr uint64_t kScannedForLocks = 4096;  // of the frames of ntdll that wait
constexpr int32_t kDeepest = 100000;         // of a recursive lock

std::optional<LockState> section_at(const Process& process, Address at,
                                    const snapshot::Thread& waiter) {
  const unsigned pointer = snapshot::pointer_size(process.arch());
  if (at.value % pointer != 0) return {};
  const auto& memory = process.memory();
  auto count = memory.read<sle32>(at + pointer);
  auto depth = memory.read<sle32>(at + pointer + 4);
  auto owner = memory.read_pointer(at + pointer + 8, pointer);
  if (!count || !depth || !owner) return {};
  if (*count == -1 || *depth < 1 || *depth > kDeepest) return {};
  if (*owner == 0 || *owner > UINT32_MAX || *owner == waiter.id) return {};
  if (!process.snapshot().thread_by_id(static_cast<uint32_t>(*owner))) return {};
  return LockState{.at = at, .owner = static_cast<uint32_t>(*owner), .recursive = true};
}

}  // namespace

std::optional<LockState> waited_critical_section(const Process& process,
                                                 const snapshot::Thread& thread,
                                                 const unwind::Stack& stack,
                                                 const std::vector<Call>& calls) {
  size_t enter = find_call(calls, {"RtlEnterCriticalSection", "EnterCriticalSection",
                                   "RtlpEnterCriticalSectionContended", "RtlpEnterCritSec",
                                   "RtlpWaitForCriticalSection", "RtlpWaitOnCriticalSection"});
  auto sp = thread.registers.sp();
  if (enter == kNoCall || !sp) return {};
  for (snapshot::Register n = 0; n < snapshot::roles(process.arch()).count; ++n) {
    auto value = thread.registers.get(n);
    if (!value) continue;
    if (auto found = section_at(process, Address{*value}, thread)) return found;
  }
  const unsigned size = snapshot::pointer_size(process.arch());
  Address end = std::min(stack.frames[calls[enter].frame].cfa + 64, *sp + kScannedForLocks);
  for (Address at = *sp; at < end; at = at + size) {
    auto value = process.memory().read_pointer(at, size);
    if (!value) break;
    if (auto found = section_at(process, Address{*value}, thread)) return found;
  }
  return {};
}

}  // namespace inquest::cause
