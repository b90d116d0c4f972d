#include "cause/activity.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <fmt/core.h>
#include <map>
#include <optional>

namespace inquest::cause {
namespace {

using answer::Activity;
using snapshot::Arch;
using snapshot::Os;
using snapshot::Snapshot;

enum class About : uint8_t {
  running,
  lock,
  condition,
  semaphore,
  thread_end,
  wake_up,
  events,
  data,
  writing,
  connection,
  child,
  sleep,
  signal,
  message,
  disk,
  idle_worker,
  call,
};

struct Said {
  About about;
  std::string_view kind, one, several;
};
/// In the order of About.
constexpr Said kSaid[] = {
    {About::running, "running", "runs", "run"},
    {About::lock, "lock", "waits for a lock", "wait for a lock"},
    {About::condition, "condition", "waits for a condition", "wait for a condition"},
    {About::semaphore, "semaphore", "waits for a semaphore", "wait for a semaphore"},
    {About::thread_end, "thread-end", "waits for the end of a thread",
     "wait for the end of a thread"},
    {About::wake_up, "wake-up", "waits to be woken", "wait to be woken"},
    {About::events, "events", "waits for events", "wait for events"},
    {About::data, "data", "waits for data", "wait for data"},
    {About::writing, "writing", "writes", "write"},
    {About::connection, "connection", "waits for a connection", "wait for a connection"},
    {About::child, "child", "waits for a child process", "wait for a child process"},
    {About::sleep, "sleep", "sleeps", "sleep"},
    {About::signal, "signal", "waits for a signal", "wait for a signal"},
    {About::message, "message", "waits for a message", "wait for a message"},
    {About::disk, "disk", "waits for the disk", "wait for the disk"},
    {About::idle_worker, "idle-worker", "waits for work", "wait for work"},
    {About::call, "system-call", "is in a system call", "are in a system call"},
};
static_assert(kSaid[static_cast<size_t>(About::call)].about == About::call);
const Said& said(About about) { return kSaid[static_cast<size_t>(about)]; }

constexpr int kRestart = 219;

struct SystemCall {
  int number;
  std::string_view name;
  About about;
};
/// Those of x86-64 that may take long, ascending.
constexpr SystemCall kSystemCalls[] = {
    {0, "read", About::data},
    {1, "write", About::writing},
    {7, "poll", About::events},
    {17, "pread64", About::data},
    {18, "pwrite64", About::writing},
    {19, "readv", About::data},
    {20, "writev", About::writing},
    {23, "select", About::events},
    {34, "pause", About::signal},
    {35, "nanosleep", About::sleep},
    {42, "connect", About::connection},
    {43, "accept", About::connection},
    {44, "sendto", About::writing},
    {45, "recvfrom", About::data},
    {46, "sendmsg", About::writing},
    {47, "recvmsg", About::data},
    {61, "wait4", About::child},
    {65, "semop", About::semaphore},
    {69, "msgsnd", About::message},
    {70, "msgrcv", About::message},
    {73, "flock", About::lock},
    {74, "fsync", About::disk},
    {75, "fdatasync", About::disk},
    {128, "rt_sigtimedwait", About::signal},
    {130, "rt_sigsuspend", About::signal},
    {162, "sync", About::disk},
    {202, "futex", About::wake_up},
    {208, "io_getevents", About::events},
    {kRestart, "restart_syscall", About::call},  // nanosleep, poll or futex, stopped and gone on
    {220, "semtimedop", About::semaphore},
    {230, "clock_nanosleep", About::sleep},
    {232, "epoll_wait", About::events},
    {242, "mq_timedsend", About::message},
    {243, "mq_timedreceive", About::message},
    {247, "waitid", About::child},
    {270, "pselect6", About::events},
    {271, "ppoll", About::events},
    {281, "epoll_pwait", About::events},
    {288, "accept4", About::connection},
    {299, "recvmmsg", About::data},
    {306, "syncfs", About::disk},
    {307, "sendmmsg", About::writing},
    {426, "io_uring_enter", About::events},
    {441, "epoll_pwait2", About::events},
    {449, "futex_waitv", About::wake_up},
};

/// A function that waits, by the begin of its plain name.
struct Waiting {
  std::string_view name;
  About about;
  bool whole = false;  ///< nothing behind it
};
/// Of what makes futex calls; the first that fits one of the innermost frames.
constexpr Waiting kFutexUsers[] = {
    {"pthread_cond_", About::condition},  {"pthread_mutex_", About::lock},
    {"lll_lock_wait", About::lock},       {"lll_mutex_lock", About::lock},
    {"pthread_rwlock_", About::lock},     {"sem_wait", About::semaphore},
    {"sem_timedwait", About::semaphore},  {"sem_clockwait", About::semaphore},
    {"new_sem_", About::semaphore},       {"pthread_clockjoin", About::thread_end},
    {"pthread_join", About::thread_end},  {"pthread_timedjoin", About::thread_end},
    {"pthread_barrier_", About::wake_up}, {"pthread_once", About::lock},
    {"cxa_guard_acquire", About::lock},
};
/// Where no number tells: the C library's functions, which are named after what they call.
constexpr Waiting kLibraryCalls[] = {
    {"epoll_wait", About::events},        {"epoll_pwait", About::events},
    {"poll", About::events, true},        {"ppoll", About::events, true},
    {"select", About::events, true},      {"pselect", About::events, true},
    {"nanosleep", About::sleep},          {"clock_nanosleep", About::sleep},
    {"accept", About::connection, true},  {"accept4", About::connection, true},
    {"connect", About::connection, true}, {"read", About::data, true},
    {"recv", About::data, true},          {"recvfrom", About::data, true},
    {"recvmsg", About::data, true},       {"write", About::writing, true},
    {"send", About::writing, true},       {"sendto", About::writing, true},
    {"sendmsg", About::writing, true},    {"wait4", About::child, true},
    {"waitpid", About::child, true},      {"sigwait", About::signal},
    {"sigsuspend", About::signal},        {"pause", About::signal, true},
    {"fsync", About::disk, true},         {"fdatasync", About::disk, true},
};
/// Of ntdll and win32u.
constexpr Waiting kNativeCalls[] = {
    {"WaitForAlertByThreadId", About::wake_up},
    {"WaitForKeyedEvent", About::wake_up},
    {"WaitForSingleObject", About::wake_up},
    {"WaitForMultipleObjects", About::wake_up},
    {"SignalAndWaitForSingleObject", About::wake_up},
    {"DelayExecution", About::sleep},
    {"RemoveIoCompletion", About::events},
    {"WaitForWorkViaWorkerFactory", About::idle_worker},
    {"ReadFile", About::data},
    {"WriteFile", About::writing},
    {"UserGetMessage", About::message},
    {"UserWaitMessage", About::message},
    {"UserMsgWaitForMultipleObjects", About::message},
    {"AlpcSendWaitReceivePort", About::message},
    {"FlushBuffersFile", About::disk},
};
/// Windows waits by what asked for it.
constexpr Waiting kNativeUsers[] = {
    {"RtlpEnterCriticalSection", About::lock},    {"RtlEnterCriticalSection", About::lock},
    {"RtlpWaitOnCriticalSection", About::lock},   {"RtlAcquireSRWLock", About::lock},
    {"SleepConditionVariable", About::condition}, {"WaitForThread", About::thread_end},
    {"thrd_join", About::thread_end, true},
};

/// "__GI___libc_read" -> "read".
std::string_view waiting_name(std::string_view name) {
  for (bool more = true; more;) {
    name.remove_prefix(std::min(name.find_first_not_of('_'), name.size()));
    more = false;
    for (std::string_view prefix : {"GI_", "libc_"}) {
      if (!name.starts_with(prefix)) continue;
      name.remove_prefix(prefix.size());
      more = true;
    }
  }
  return name;
}

template <size_t N>
const Waiting* find(const Waiting (&table)[N], std::string_view name) {
  for (const Waiting& one : table) {
    if (one.whole ? name == one.name : name.starts_with(one.name)) return &one;
  }
  return nullptr;
}

constexpr size_t kFramesLookedAt = 8;

template <size_t N>
std::optional<About> user_of(const Waiting (&table)[N], const std::vector<answer::Frame>& frames) {
  for (size_t i = 0; i < std::min(frames.size(), kFramesLookedAt); ++i) {
    if (const Waiting* one = find(table, waiting_name(frames[i].function))) return one->about;
  }
  return {};
}

/// Whether the instruction before the pc enters the kernel; absent where the bytes are not there.
std::optional<bool> is_behind_call(const Snapshot& process, Address pc) {
  const bool is_arm = process.arch == Arch::aarch64 || process.arch == Arch::arm;
  std::array<uint8_t, 4> bytes{};
  const size_t length = is_arm ? 4 : 2;
  if (pc.value < length) return {};
  if (process.memory.read(pc - length, std::as_writable_bytes(std::span(bytes).first(length))) <
      length)
    return {};
  if (is_arm) {
    uint32_t word = 0;
    std::memcpy(&word, bytes.data(), 4);
    constexpr uint32_t kSvc64 = 0xd4000001, kSvc32 = 0xef000000;
    return process.arch == Arch::aarch64 ? (word & 0xffe0001f) == kSvc64
                                         : (word & 0xff000000) == kSvc32;
  }
  auto is = [&](uint8_t first, uint8_t second) { return bytes[0] == first && bytes[1] == second; };
  return is(0x0f, 0x05) || is(0x0f, 0x34) || is(0xcd, 0x80) || is(0xcd, 0x2e);
}

Activity made(About about, std::string_view system_call) {
  std::string words(said(about).one);
  if (about == About::call && !system_call.empty())
    words = fmt::format("is in the system call {}", system_call);
  return {.kind = std::string(said(about).kind),
          .words = std::move(words),
          .system_call = std::string(system_call)};
}

/// By the C library's function that waits.
std::optional<About> by_library(const std::vector<answer::Frame>& frames) {
  if (auto user = user_of(kFutexUsers, frames)) return user;
  constexpr size_t kNearest = 3;
  for (size_t i = 0; i < std::min(frames.size(), kNearest); ++i) {
    if (const Waiting* one = find(kLibraryCalls, waiting_name(frames[i].function)))
      return one->about;
  }
  return {};
}

Activity by_number(int64_t number, const std::vector<answer::Frame>& frames) {
  const auto* known = std::ranges::lower_bound(kSystemCalls, number, {}, &SystemCall::number);
  if (known == std::end(kSystemCalls) || known->number != number)
    return made(About::call, fmt::format("number {}", number));
  About about = known->about;
  if (about == About::wake_up) about = user_of(kFutexUsers, frames).value_or(about);
  if (number == kRestart) about = by_library(frames).value_or(about);
  return made(about, known->name);
}

/// "NtWaitForSingleObject", "ZwWaitForSingleObject" -> "WaitForSingleObject"; else empty.
std::string_view native_call(std::string_view function) {
  if (!function.starts_with("Nt") && !function.starts_with("Zw")) return {};
  return function.substr(2);
}

Activity by_names(Os os, const std::vector<answer::Frame>& frames) {
  const std::string& innermost = frames.front().function;
  if (os == Os::windows) {
    const std::string_view native = native_call(innermost);
    if (native.empty()) return {};
    const Waiting* known = find(kNativeCalls, native);
    if (!known) return made(About::call, innermost);
    About about = known->about;
    if (about == About::wake_up) about = user_of(kNativeUsers, frames).value_or(about);
    return made(about, innermost);
  }
  return made(by_library(frames).value_or(About::call), {});
}

bool is_system_module(std::string module) {
  std::ranges::transform(module, module.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return module.starts_with("ntdll") || module.starts_with("win32u") || module.starts_with("wow64");
}

std::string time_words(double used, double all) {
  if (all <= 0) return {};
  const double percent = 100 * used / all;
  return fmt::format(
      "; it has used {:.1f} s of the {:.1f} s of processor time of these threads ({:.0f} %)", used,
      all, percent);
}

}  // namespace

Activity activity_of(const Snapshot& process, const snapshot::Thread& thread,
                     const std::vector<answer::Frame>& frames) {
  if (thread.crashed || frames.empty()) return {};
  if (thread.system_call && process.os == Os::linux && process.arch == Arch::x86_64) {
    return *thread.system_call >= 0 ? by_number(*thread.system_call, frames)
                                    : made(About::running, {});
  }
  if (process.os == Os::windows) {
    // 32-bit processes leave by a call of wow64cpu's: there the name alone tells.
    if (!native_call(frames.front().function).empty()) return by_names(process.os, frames);
    if (is_system_module(frames.front().module)) return {};
  }
  auto pc = thread.registers.pc();
  auto is_in_call = pc ? is_behind_call(process, *pc) : std::nullopt;
  if (!is_in_call) return {};
  return *is_in_call ? by_names(process.os, frames) : made(About::running, {});
}

std::vector<answer::Evidence> activity_evidence(const std::vector<answer::Stack>& stacks) {
  constexpr size_t kMostRunning = 4;
  std::map<std::string, size_t> counts;
  std::vector<const answer::Stack*> running;
  double all = 0;
  for (const answer::Stack& stack : stacks) {
    all += stack.cpu_seconds.value_or(0);
    if (stack.activity.kind.empty()) continue;
    ++counts[stack.activity.kind];
    if (stack.activity.kind == said(About::running).kind) running.push_back(&stack);
  }
  if (counts.empty()) return {};
  std::string words;
  for (const Said& one : kSaid) {
    auto count = counts.find(std::string(one.kind));
    if (count == counts.end()) continue;
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", count->second,
                         count->second == 1 ? one.one : one.several);
  }
  std::vector<answer::Evidence> out;
  out.push_back({.what = fmt::format("{} thread{}: {}", stacks.size(),
                                     stacks.size() == 1 ? "" : "s", words)});
  std::ranges::stable_sort(running, std::greater<>(),
                           [](const auto* one) { return one->cpu_seconds.value_or(0); });
  for (const answer::Stack* one : running) {
    if (out.size() > kMostRunning) break;
    std::string where;
    if (!one->frames.empty() && !one->frames.front().function.empty())
      where = " in " + one->frames.front().function;
    out.push_back({.what = fmt::format("thread {}{} runs{}{}", one->thread,
                                       one->name.empty() ? "" : " \"" + one->name + "\"", where,
                                       time_words(one->cpu_seconds.value_or(0), all)),
                   .thread = one->thread,
                   .frame = 0});
  }
  return out;
}

}  // namespace inquest::cause
