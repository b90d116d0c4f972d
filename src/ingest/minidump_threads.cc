// Threads with their registers, and what the system said of the death.
#include <algorithm>
#include <csignal>
#include <unordered_map>

#include "ingest/minidump_parts.h"

namespace inquest::ingest {
namespace {

using snapshot::Fault;
using snapshot::Os;
using snapshot::Snapshot;
using snapshot::Thread;

/// Exceptions that a program or its crash handler made up to be dumped while nothing is wrong:
/// Breakpad's and Crashpad's on Linux, on Windows, on macOS.
constexpr uint32_t kRequestedLinux = 0xffffffff, kRequestedWindows = 0x0517a7ed,
                   kRequestedMac = 0x43507378;

namespace windows {
constexpr uint32_t access_violation = 0xc0000005, in_page_error = 0xc0000006,
                   guard_page = 0x80000001;
}

bool is_request(uint32_t code) {
  // 0: nothing was wrong; writers that must name something name that.
  return code == 0 || code == kRequestedLinux || code == kRequestedWindows || code == kRequestedMac;
}

/// The general registers; the vector registers are kept in `thread`.
std::optional<snapshot::Registers> decode(Bytes context, snapshot::Arch arch, Thread& thread) {
  using minidump::Cpu;
  Cpu cpu = arch == snapshot::Arch::x86_64    ? Cpu::x64
            : arch == snapshot::Arch::aarch64 ? Cpu::arm64
            : arch == snapshot::Arch::x86     ? Cpu::x86
                                              : Cpu::arm;
  auto read = minidump::read_context(context, cpu);
  if (!read) return {};
  thread.vector_state.assign(read->vectors.begin(), read->vectors.end());
  return registers_of(*read);
}

/// Windows tells the data's address of memory faults only; other faults are of their instruction,
/// and raised exceptions of none.
std::optional<Address> faulting_address(const minidump::Exception& exception) {
  switch (exception.code) {
    case windows::access_violation:
    case windows::in_page_error:
    case windows::guard_page:
      // All ones: the processor told no address, as it was not canonical.
      if (exception.parameters.size() < 2 || exception.parameters[1] == UINT64_MAX) return {};
      return Address{exception.parameters[1]};
    default:
      break;
  }
  constexpr uint32_t kProcessorFaults = 0xc000008c, kLastProcessorFault = 0xc0000096;
  bool by_processor = exception.code == 0xc000001d || exception.code == 0x80000002 ||
                      exception.code == 0x80000003 || exception.code == 0x80000004 ||
                      (exception.code >= kProcessorFaults && exception.code <= kLastProcessorFault);
  if (by_processor) return Address{exception.address};
  return {};
}

/// Breakpad: code is the signal, flags the si_code (0 by its older versions), address si_addr,
/// which is a union with the sender's ids.
Fault linux_fault(const minidump::Exception& exception, const Thread* thread, snapshot::Arch arch) {
  constexpr int kKernel = 0x80;  // SI_KERNEL: a fault whose address the processor did not tell
  Fault fault{.thread = exception.thread,
              .signal = static_cast<int>(exception.code),
              .parameters = exception.parameters};
  auto code = static_cast<int>(exception.flags);
  Address address{exception.address};
  bool at_instruction = fault.signal == SIGILL || fault.signal == SIGFPE;
  bool at_data = fault.signal == SIGSEGV || fault.signal == SIGBUS || fault.signal == SIGTRAP;
  // An instruction's fault at another address than its own was sent, whatever the code says.
  bool elsewhere = thread && thread->registers.pc() && thread->registers.pc() != address;
  bool unsaid = code == 0 && !(at_instruction && elsewhere);
  if (!unsaid) fault.signal_code = code;
  if (unsaid || code > 0) {
    if ((at_instruction || at_data) && code != kKernel) fault.address = address;
    return fault;
  }
  bool sent = code == SI_USER || code == SI_TKILL || code == SI_QUEUE;
  // Crashpad does not record the sender.
  if (sent && exception.address != 0) {
    fault.sender_pid = static_cast<int32_t>(exception.address);
    if (snapshot::is_64_bit(arch)) {
      fault.sender_uid = static_cast<uint32_t>(exception.address >> 32);
    }
  }
  return fault;
}

class ThreadTaker {
 public:
  ThreadTaker(const minidump::Dump& dump, Snapshot& snapshot) : dump_(dump), snapshot_(snapshot) {}

  void take() {
    take_list();
    take_names();
    take_times();
    if (dump_.exception) take_exception(*dump_.exception);
  }

 private:
  void take_list() {
    size_t without = 0;
    snapshot_.threads.reserve(dump_.threads.size());
    for (const minidump::Thread& from : dump_.threads) {
      Thread thread{.id = from.id, .registers = snapshot::Registers(snapshot_.arch)};
      if (from.teb != 0) thread.tls = from.teb;
      if (auto registers = decode(from.context, snapshot_.arch, thread)) {
        thread.registers = *registers;
      } else {
        ++without;
      }
      by_id_.emplace(from.id, snapshot_.threads.size());
      snapshot_.threads.push_back(std::move(thread));
    }
    if (without == 0) return;
    snapshot_.complete = false;
    snapshot_.warnings.push_back(
        {fmt::format("{} of {} threads have no registers: their contexts are missing or not of {}",
                     without, dump_.threads.size(), snapshot::name(snapshot_.arch)),
         "get the whole dump"});
  }

  void take_names() {
    for (const minidump::ThreadName& name : dump_.thread_names) {
      if (Thread* thread = find(name.id)) thread->name = name.name;
    }
  }

  void take_times() {
    constexpr double kUnit = 1e-7;
    for (const minidump::ThreadInfo& info : dump_.thread_infos) {
      Thread* thread = find(info.id);
      const double seconds =
          kUnit * (static_cast<double>(info.user_time) + static_cast<double>(info.kernel_time));
      if (thread && seconds > 0) thread->cpu_seconds = seconds;
    }
  }

  Thread* find(uint32_t id) {
    auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &snapshot_.threads[found->second];
  }

  void take_exception(const minidump::Exception& exception) {
    Thread* thread = find(exception.thread);
    if (!thread) {
      thread = &snapshot_.threads.emplace_back();
      thread->id = exception.thread;
      thread->registers = snapshot::Registers(snapshot_.arch);
      snapshot_.warnings.push_back(
          {fmt::format("thread {}, which had the exception, is not among the dump's threads",
                       exception.thread)});
    }
    // At the moment of the exception; the list's are those of the dump being written.
    auto registers = decode(exception.context, snapshot_.arch, *thread);
    if (registers) {
      thread->registers = *registers;
    } else {
      snapshot_.warnings.push_back(
          {"the exception has no registers: those of its thread while the dump was written are "
           "shown"});
    }
    if (is_request(exception.code)) {
      snapshot_.annotations["dump"] = "requested";
      snapshot_.annotations["dump.thread"] = std::to_string(exception.thread);
      return;
    }
    thread->crashed = true;
    // `inquest cut` does not run in the process: equal registers were equal in its source.
    if (registers && dump_.inquest_note.empty()) forget_copies(*thread);
    bool is_linux = snapshot_.os == Os::linux;
    snapshot_.fault =
        is_linux ? linux_fault(exception, thread, snapshot_.arch) : windows_fault(exception);
    narrow(*snapshot_.fault);
    if (is_linux) {
      thread->signal = exception.code;
      return;
    }
    snapshot_.annotations["exception.address"] = fmt::format("{:#x}", exception.address);
    snapshot_.annotations["exception.flags"] = fmt::format("{:#x}", exception.flags);
  }

  /// Wine gives the thread that writes the dump the registers of the one that died. No two threads
  /// stand at the same place of the same stack.
  void forget_copies(const Thread& crashed) {
    if (!crashed.registers.sp()) return;
    for (Thread& thread : snapshot_.threads) {
      if (&thread == &crashed || thread.registers != crashed.registers) continue;
      thread.registers = snapshot::Registers(snapshot_.arch);
      snapshot_.warnings.push_back(
          {fmt::format("thread {} was recorded with the registers of the thread that died, so that "
                       "its own are not known: it wrote the dump",
                       thread.id)});
      return;  // one thread writes
    }
  }

  /// Addresses of 32-bit processes may be sign-extended.
  void narrow(Fault& fault) const {
    if (snapshot::is_64_bit(snapshot_.arch)) return;
    if (fault.address) fault.address->value = static_cast<uint32_t>(fault.address->value);
    for (uint64_t& value : fault.parameters) value = static_cast<uint32_t>(value);
  }

  const minidump::Dump& dump_;
  Snapshot& snapshot_;
  std::unordered_map<uint32_t, size_t> by_id_;
};

}  // namespace

Fault windows_fault(const minidump::Exception& exception) {
  return {.thread = exception.thread,
          .exception = exception.code,
          .parameters = exception.parameters,
          .address = faulting_address(exception)};
}

snapshot::Registers registers_of(const minidump::Context& context) {
  using minidump::Cpu;
  snapshot::Arch arch = context.cpu == Cpu::x64     ? snapshot::Arch::x86_64
                        : context.cpu == Cpu::arm64 ? snapshot::Arch::aarch64
                        : context.cpu == Cpu::x86   ? snapshot::Arch::x86
                                                    : snapshot::Arch::arm;
  snapshot::Registers registers(arch);
  for (size_t n = 0; n < minidump::Context::kCapacity; ++n) {
    if (context.has(n)) registers.set(static_cast<snapshot::Register>(n), context.values[n]);
  }
  return registers;
}

void take_minidump_threads(const minidump::Dump& dump, Snapshot& snapshot) {
  ThreadTaker(dump, snapshot).take();
}

}  // namespace inquest::ingest
