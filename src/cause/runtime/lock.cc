#include "cause/runtime/lock.h"

#include <algorithm>
#include <array>

#include "cause/code/x64.h"

namespace inquest::cause {
namespace {

namespace x64 = snapshot::x64;

constexpr uint32_t kFutexWait = 0, kFutexLockPi = 6, kFutexWaitBitset = 9, kFutexLockPi2 = 13;
constexpr uint32_t kFutexSyscall = 202;
constexpr uint32_t kTidMask = 0x3fffffff;
constexpr uint32_t kReaderShift = 3;

bool is_thread(const ThreadIndex& threads, uint32_t tid) {
  return tid != 0 && threads.by_id(tid) != nullptr;
}

/// Whether the thread is in futex: by the number that the kernel wrote down, or, where there is
/// none, because it stands behind a `syscall` instruction that `mov eax, 202` precedes.
bool is_in_futex(const Process& process, const snapshot::Thread& thread) {
  if (thread.system_call && *thread.system_call >= 0) return *thread.system_call == kFutexSyscall;
  auto pc = thread.registers.pc();
  if (!pc) return false;
  constexpr uint64_t kBefore = 48;
  std::array<uint8_t, kBefore> code{};
  auto out = std::as_writable_bytes(std::span(code));
  if (process.memory().read(*pc - kBefore, out) != kBefore) return false;
  if (code[kBefore - 2] != 0x0f || code[kBefore - 1] != 0x05) return false;
  for (size_t i = 0; i + 5 <= kBefore - 2; ++i) {
    if (code[i] == 0xb8 && code[i + 1] == (kFutexSyscall & 0xff) && code[i + 2] == 0 &&
        code[i + 3] == 0 && code[i + 4] == 0) {
      return true;
    }
  }
  return false;
}

std::optional<LockState> mutex_at(const Process& process, const ThreadIndex& threads,
                                  const FutexWait& wait, bool by_name) {
  const auto& memory = process.memory();
  auto lock = memory.read<uint32_t>(wait.word);
  auto owner = memory.read<uint32_t>(wait.word + 8);
  auto users = memory.read<uint32_t>(wait.word + 12);
  auto kind = memory.read<uint32_t>(wait.word + 16);
  if (!lock || !owner || !users || !kind) return {};
  if (*kind & ~0x3ffu) return {};
  LockState out{.kind = LockKind::mutex, .at = wait.word};
  out.recursive = (*kind & 3) == 1;
  if ((*kind & 0x30) != 0) {
    // Robust and priority-inheriting mutexes keep the owner in the word that the kernel knows.
    uint32_t tid = *lock & kTidMask;
    if (!is_thread(threads, tid)) return {};
    out.owner = tid;
    return out;
  }
  // Free, or given back at this moment: nobody is stuck.
  if (*lock != 1 && *lock != 2) return {};
  if (wait.expected && *wait.expected != 2) return {};
  if (*users == 0 || *users > 1 << 20) return {};
  if (!is_thread(threads, *owner)) {
    // Shared with other processes, it may be held by one of them.
    constexpr uint32_t kShared = 0x80, kMostThreads = 1 << 22;  // PID_MAX_LIMIT
    if (!by_name || *owner == 0 || *owner >= kMostThreads || (*kind & kShared) != 0) return {};
    out.owner_gone = owner;
    return out;
  }
  out.owner = owner;
  return out;
}

std::optional<LockState> rwlock_at(const Process& process, const ThreadIndex& threads, Address at,
                                   bool by_name, bool wants_write) {
  const auto& memory = process.memory();
  auto readers = memory.read<uint32_t>(at);
  auto writers = memory.read<uint32_t>(at + 4);
  auto writer = memory.read<uint32_t>(at + 24);
  auto phase_futex = memory.read<uint32_t>(at + 8);
  auto writers_futex = memory.read<uint32_t>(at + 12);
  if (!readers || !writers || !writer || !phase_futex || !writers_futex) return {};
  if ((*phase_futex & ~3u) || (*writers_futex & ~3u)) return {};
  bool write_locked = *readers & 2;
  uint32_t reading = *readers >> kReaderShift;
  LockState out{.kind = LockKind::rwlock, .at = at};
  out.wants_write = wants_write;
  if (write_locked && is_thread(threads, *writer)) {
    out.owner = writer;
    return out;
  }
  if (!by_name || *writer != 0 || reading == 0 || reading > 1 << 20) return {};
  // Readers are counted, not named. A reader that waits counts itself already.
  out.readers = reading;
  return out;
}

}  // namespace

std::optional<FutexWait> futex_wait(const Process& process, const snapshot::Thread& thread) {
  if (process.arch() != snapshot::Arch::x86_64) return {};
  if (!is_in_futex(process, thread)) return {};
  auto word = thread.registers.get(x64::rdi);
  auto operation = thread.registers.get(x64::rsi);
  if (!word || !operation || *word == 0) return {};
  uint32_t command = static_cast<uint32_t>(*operation) & 0x7f;
  if (command != kFutexWait && command != kFutexWaitBitset && command != kFutexLockPi &&
      command != kFutexLockPi2) {
    return {};
  }
  FutexWait out{.word = Address{*word}, .operation = command};
  if (command == kFutexWait || command == kFutexWaitBitset) {
    if (auto expected = thread.registers.get(x64::rdx)) {
      out.expected = static_cast<uint32_t>(*expected);
    }
  }
  out.timed = thread.registers.get(x64::r10).value_or(0) != 0;
  return out;
}

std::optional<LockState> waited_lock(const Process& process, const ThreadIndex& threads,
                                     const FutexWait& wait, const std::vector<Call>& calls) {
  // The lock function is among the innermost calls, when it has a name.
  std::vector<Call> inner(
      calls.begin(), calls.begin() + static_cast<ptrdiff_t>(std::min<size_t>(calls.size(), 12)));
  size_t own = find_own_call(inner);
  if (own != kNoCall) inner.resize(own);
  // A condition variable, a semaphore, a join: idle. (A condition variable that has been notified
  // takes its mutex back inside of pthread_cond_wait, and waits for that word then.)
  if (find_call(inner, {"pthread_join", "__pthread_clockjoin_ex", "sem_wait", "__new_sem_wait",
                        "pthread_barrier_wait", "__cxa_guard_acquire"}) != kNoCall) {
    return {};
  }
  bool write = find_call(inner, {"pthread_rwlock_wrlock", "__pthread_rwlock_wrlock",
                                 "pthread_rwlock_timedwrlock", "pthread_rwlock_clockwrlock",
                                 "__pthread_rwlock_wrlock_full64"}) != kNoCall;
  bool read = find_call(inner, {"pthread_rwlock_rdlock", "__pthread_rwlock_rdlock",
                                "pthread_rwlock_timedrdlock", "pthread_rwlock_clockrdlock",
                                "__pthread_rwlock_rdlock_full64"}) != kNoCall;
  bool mutex_named =
      find_call(inner, {"pthread_mutex_lock", "__pthread_mutex_lock", "___pthread_mutex_lock",
                        "pthread_mutex_timedlock", "pthread_cond_wait", "pthread_cond_timedwait",
                        "pthread_cond_clockwait"}) != kNoCall;
  if (!read && !write) {
    if (auto mutex = mutex_at(process, threads, wait, mutex_named)) return mutex;
  }
  if (mutex_named) return {};
  for (uint64_t offset : {uint64_t{8}, uint64_t{12}}) {
    bool wants_write = write || (!read && offset == 12);
    if (auto lock = rwlock_at(process, threads, wait.word - offset, read || write, wants_write))
      return lock;
  }
  return {};
}

std::string name_of_lock(const Process& process, Address lock, const unwind::Stack& stack) {
  const auto& snapshot = process.snapshot();
  if (const auto* module = snapshot.module_at(lock)) {
    Rva rva{lock - module->range.begin};
    if (const auto* types = process.types(*module)) {
      if (auto global = types->global_at(rva)) return fmt::format("the global `{}`", global->name);
    }
    if (auto nearest = process.symbols(*module).symbol_at(rva);
        nearest && !nearest->is_function &&
        nearest->offset < std::max<uint64_t>(nearest->size, 1)) {
      return fmt::format("the global `{}`", nearest->name);
    }
  }
  // A member of an object that a variable of a waiting frame is, or points to.
  std::string best;
  size_t frames = std::min<size_t>(stack.frames.size(), 24);
  for (size_t i = 0; i < frames; ++i) {
    const auto& frame = stack.frames[i];
    if (!frame.module || is_runtime(*frame.module)) continue;
    const auto* types = process.types(*frame.module);
    if (!types) continue;
    for (const auto& variable : process.variables(frame)) {
      std::optional<uint64_t> value;
      if (variable.place.kind == symbols::Place::Kind::memory) {
        value = variable.place.value;
      } else if (variable.place.kind == symbols::Place::Kind::in_register) {
        value = frame.registers.get(variable.place.reg);
      }
      if (!value) continue;
      auto type = types->type(types->resolve(variable.type));
      Address object{*value};
      symbols::TypeId object_type = types->resolve(variable.type);
      bool pointer =
          type.kind == symbols::TypeKind::pointer || type.kind == symbols::TypeKind::reference;
      if (pointer) {
        if (variable.place.kind == symbols::Place::Kind::memory) {
          auto target = process.memory().read<uint64_t>(object);
          if (!target) continue;
          object = Address{*target};
        }
        object_type = types->resolve(type.target);
      } else if (variable.place.kind != symbols::Place::Kind::memory) {
        continue;
      }
      auto owner = types->type(object_type);
      if (lock < object || owner.size == 0 || lock - object >= owner.size) continue;
      if (owner.name.starts_with("std::") || owner.name.starts_with("(anonymous") ||
          owner.name.empty() || owner.name.starts_with("pthread_") ||
          owner.name.starts_with("__gthread")) {
        if (best.empty() && variable.name != "this" && !pointer)
          best = fmt::format("`{}`", variable.name);
        continue;
      }
      auto member = types->member_at(object_type, lock - object);
      if (!member || member->path.starts_with("__") || member->path.starts_with("_M_")) continue;
      // "mutex_._M_mutex.__data.__lock": what is inside of the lock is not the program's word.
      std::string path = member->path;
      for (std::string_view inside : {"._M_", ".std::", ".__", "._"}) {
        if (size_t cut = path.find(inside); cut != std::string::npos) path.resize(cut);
      }
      return fmt::format("`{}::{}` of the object at {}", owner.name, path, object);
    }
  }
  return best;
}

}  // namespace inquest::cause
