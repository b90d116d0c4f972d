#include "cause/runtime/caught_signal.h"

#include <algorithm>
#include <array>

#include "cause/fault/fault.h"

namespace inquest::cause {
namespace {

/// Signals whose handlers are crash reporters. A handler of SIGTERM that ends the process does what
/// was asked.
bool ends_processes(int signal) {
  constexpr int deadly[] = {sig::quit, sig::ill, sig::trap, sig::abrt,
                            sig::bus,  sig::fpe, sig::segv, sig::sys};
  return std::ranges::find(deadly, signal) != std::end(deadly);
}

/// Where nothing was written the words are what the stack held before: all 128 bytes must be as the
/// kernel leaves them.
std::optional<CaughtSignal> sent_signal(const snapshot::Memory& memory, Address at) {
  constexpr size_t kWords = 32, kErrno = 1, kCode = 2, kPid = 4, kUid = 5, kValue = 6, kEnd = 8;
  std::array<le32, kWords> raw;
  if (memory.read(at, std::as_writable_bytes(std::span(raw))) != sizeof raw) return {};
  auto word = [&](size_t i) { return static_cast<uint32_t>(raw[i]); };
  CaughtSignal out{.signal = static_cast<int>(word(0)),
                   .code = static_cast<int>(word(kCode)),
                   .sender = static_cast<int32_t>(word(kPid)),
                   .user = word(kUid)};
  if (!ends_processes(out.signal) || word(kErrno) != 0 || word(3) != 0) return {};
  if (out.code != sig::si_user && out.code != sig::si_queue && out.code != sig::si_tkill) return {};
  constexpr int32_t kMostPids = 4 << 20;  // PID_MAX_LIMIT
  if (out.sender < 0 || out.sender > kMostPids) return {};
  // sigqueue(3) adds a value behind the sender.
  size_t rest = out.code == sig::si_queue ? kEnd : kValue;
  for (size_t i = rest; i < kWords; ++i) {
    if (word(i) != 0) return {};
  }
  return out;
}

}  // namespace

std::optional<CaughtSignal> caught_signal(const Process& process) {
  const auto* stack = process.crashed_stack();
  if (!stack || process.arch() != snapshot::Arch::x86_64 ||
      process.snapshot().os != snapshot::Os::linux) {
    return {};
  }
  constexpr uint64_t kSiginfo = 304;  // of struct rt_sigframe, past the return address
  const auto& frames = stack->frames;
  for (size_t i = frames.size(); i-- > 1;) {
    if (!frames[i].is_signal_frame || i + 1 >= frames.size()) continue;
    auto sp = frames[i].registers.sp();
    auto found = sp ? sent_signal(process.memory(), *sp + kSiginfo) : std::nullopt;
    if (!found) continue;
    found->handler = i - 1;
    found->interrupted = i + 1;
    return found;
  }
  return {};
}

}  // namespace inquest::cause
