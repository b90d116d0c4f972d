#include "cause/runtime/runtime_wait.h"

#include <algorithm>

namespace inquest::cause {
namespace {

constexpr uint32_t kHeldAndWaitedFor = 2;

/// glibc's allocator, by the names of its functions inside and outside of the library.
bool is_of_allocator(std::string_view name) {
  static constexpr std::string_view kNames[] = {"malloc",
                                                "free",
                                                "calloc",
                                                "realloc",
                                                "cfree",
                                                "memalign",
                                                "aligned_alloc",
                                                "posix_memalign",
                                                "_int_malloc",
                                                "_int_free",
                                                "_int_realloc",
                                                "_int_memalign",
                                                "__libc_malloc",
                                                "__libc_free",
                                                "__libc_calloc",
                                                "__libc_realloc",
                                                "__libc_memalign",
                                                "sysmalloc",
                                                "systrim",
                                                "unlink_chunk",
                                                "malloc_consolidate",
                                                "arena_get2",
                                                "_int_free_merge_chunk",
                                                "_int_free_create_chunk",
                                                "malloc_trim",
                                                "_mid_memalign"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

/// What every way into the kernel passes: says nothing of which lock it is.
bool is_way_to_wait(std::string_view name) {
  return name.starts_with("futex_") || name.starts_with("__futex_") ||
         name.starts_with("__lll_lock_wait") || name.starts_with("lll_") ||
         name.starts_with("__lll_") || name.empty();
}

/// The C library's functions among calls[from, to), outermost included.
std::vector<std::string> library_functions(const std::vector<Call>& calls, size_t from, size_t to) {
  std::vector<std::string> out;
  for (size_t i = from; i < to; ++i) {
    std::string name = plain_name(calls[i].function);
    if (!is_way_to_wait(name)) out.push_back(std::move(name));
  }
  return out;
}

}  // namespace

std::optional<LockState> waited_thread_or_stream(const Process& process, const ThreadIndex& threads,
                                                 const FutexWait& wait) {
  const auto& memory = process.memory();
  auto word = memory.read<uint32_t>(wait.word);
  if (!word) return {};
  const auto* joined = threads.by_id(*word);
  if (joined && joined->tls && Address{*joined->tls} + kPthreadTid == wait.word &&
      wait.expected == *word) {
    return LockState{.kind = LockKind::thread_end, .at = wait.word, .owner = joined->id};
  }
  auto count = memory.read<uint32_t>(wait.word + 4);
  auto owner = memory.read<uint64_t>(wait.word + 8);
  if (!count || !owner || *word != kHeldAndWaitedFor || *count == 0 || *count > 1 << 20) return {};
  const auto* holder = threads.by_pointer(*owner);
  if (!holder) return {};
  return LockState{
      .kind = LockKind::stream, .at = wait.word, .owner = holder->id, .recursive = true};
}

std::optional<LockState> lock_below_handler(const snapshot::Thread& thread, const FutexWait& wait,
                                            const unwind::Stack& stack,
                                            const std::vector<Call>& calls) {
  const size_t own = find_own_call(calls);
  const size_t wait_call = find_call(calls, {"__lll_lock_wait_private", "__lll_lock_wait"});
  if (own == kNoCall || wait_call == kNoCall || wait_call > own) return {};
  size_t below = own;  // the first call that the signal interrupted
  while (below < calls.size() && !stack.frames[calls[below].frame].is_signal_frame) ++below;
  if (below == calls.size()) return {};
  ++below;
  size_t end = find_own_call(calls, below);
  if (end == kNoCall) end = calls.size();
  const auto wanted = library_functions(calls, 0, own);
  const auto interrupted = library_functions(calls, below, end);
  LockState out{.kind = LockKind::library, .at = wait.word, .owner = thread.id};
  if (std::any_of(wanted.begin(), wanted.end(), is_of_allocator) &&
      std::any_of(interrupted.begin(), interrupted.end(), is_of_allocator)) {
    out.guarded = "malloc";
    return out;
  }
  for (const auto& name : wanted) {
    if (std::find(interrupted.begin(), interrupted.end(), name) != interrupted.end()) {
      out.guarded = name;
      return out;
    }
  }
  return {};
}

std::optional<LockState> waited_guard(const FutexWait& wait, const std::vector<Call>& calls) {
  const size_t acquire = find_call(calls, {"__cxa_guard_acquire"});
  if (acquire == kNoCall) return {};
  const size_t own = find_own_call(calls, acquire + 1);
  if (own == kNoCall || own != acquire + 1 || calls[own].function.empty()) return {};
  return LockState{.kind = LockKind::static_guard, .at = wait.word, .guarded = calls[own].function};
}

std::string standard_stream(const Process& process, Address lock) {
  constexpr uint64_t kLock = 0x88;  // _IO_FILE::_lock
  static constexpr std::pair<std::string_view, std::string_view> kStreams[] = {
      {"stderr", "_IO_2_1_stderr_"}, {"stdout", "_IO_2_1_stdout_"}, {"stdin", "_IO_2_1_stdin_"}};
  for (const auto& [name, symbol] : kStreams) {
    auto stream = process.find_symbol(symbol);
    if (stream && process.memory().read<uint64_t>(*stream + kLock) == lock.value) {
      return std::string(name);
    }
  }
  return {};
}

}  // namespace inquest::cause
