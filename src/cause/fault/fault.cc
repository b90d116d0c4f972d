#include "cause/fault/fault.h"

#include "cause/fault/access.h"
#include "cause/fault/story.h"
#include "cause/runtime/freed_pointer.h"
#include "snapshot/exceptions.h"

namespace inquest::cause {
namespace {

using snapshot::Arch;

bool is_processor_signal(int signal) {
  return signal == sig::segv || signal == sig::bus || signal == sig::fpe || signal == sig::ill ||
         signal == sig::trap;
}

struct SignalInfo {
  int signal = 0, code = 0;
  Address address;
};

/// What the kernel pushed for a handler, below the trampoline's stack pointer `sp`: the ucontext,
/// whose trap number, error code and cr2 tell of the fault even where the handler did not ask for
/// a siginfo_t (without SA_SIGINFO the kernel does not write one).
/// Source: struct rt_sigframe of arch/x86/include/asm/sigframe.h and struct sigcontext_64 of
/// arch/x86/include/uapi/asm/sigcontext.h; arch/arm64/kernel/signal.c (siginfo first).
std::optional<SignalInfo> pushed_fault(const snapshot::Memory& memory, Arch arch, Address sp) {
  auto siginfo = [&](Address at) -> std::optional<SignalInfo> {
    auto signal = memory.read<le32>(at);
    auto code = memory.read<sle32>(at + 8);
    auto address = memory.read<le64>(at + 16);
    if (!signal || !code || !address || !is_processor_signal(static_cast<int>(*signal))) return {};
    if (*code <= 0) return {};
    return SignalInfo{static_cast<int>(*signal), *code, Address{*address}};
  };
  if (arch == Arch::aarch64) return siginfo(sp);
  if (arch != Arch::x86_64) return {};
  constexpr uint64_t kRegisters = 40, kSiginfo = 304;
  auto error = memory.read<le64>(sp + kRegisters + 19 * 8);
  auto trap = memory.read<le64>(sp + kRegisters + 20 * 8);
  auto cr2 = memory.read<le64>(sp + kRegisters + 22 * 8);
  if (!error || !trap || !cr2) return {};
  switch (static_cast<uint64_t>(*trap)) {
    case 14: {  // page fault; a SIGBUS only a siginfo can tell
      auto told = siginfo(sp + kSiginfo);
      if (told && told->signal == sig::bus && told->address.value == *cr2) return told;
      int code = *error & 1 ? sig::segv_accerr : sig::segv_maperr;
      return SignalInfo{sig::segv, code, Address{*cr2}};
    }
    case 13:
      return SignalInfo{sig::segv, sig::si_kernel, {}};
    case 0:
      return SignalInfo{sig::fpe, sig::fpe_intdiv, {}};
    case 6:
      return SignalInfo{sig::ill, 2, {}};
    default:
      return siginfo(sp + kSiginfo);
  }
}

/// An exception of Windows as the signal that means the same.
void take_exception(const snapshot::Fault& fault, FaultSite& site) {
  namespace exception = snapshot::exception;
  auto parameter = [&](size_t i) { return i < fault.parameters.size() ? fault.parameters[i] : 0; };
  switch (*fault.exception) {
    case exception::kAccessViolation:
    case exception::kGuardPage:
    case exception::kStackOverflow:
      site.signal = sig::segv;
      if (!fault.parameters.empty()) {
        site.reported_access = parameter(0) == 8   ? AccessKind::execute
                               : parameter(0) == 1 ? AccessKind::write
                                                   : AccessKind::read;
      }
      // Of a general protection fault no address is known; the system says -1.
      if (fault.parameters.size() < 2 || parameter(1) == ~uint64_t{0}) {
        site.code = sig::si_kernel;
      } else {
        site.reported = Address{parameter(1)};
      }
      break;
    case exception::kInPageError:
      site.signal = sig::bus;
      site.code = sig::bus_adrerr;
      if (fault.parameters.size() > 1) site.reported = Address{parameter(1)};
      break;
    case exception::kMisaligned:
      site.signal = sig::bus;
      site.code = sig::bus_adraln;
      break;
    case exception::kIntegerDivide:
      site.signal = sig::fpe;
      site.code = sig::fpe_intdiv;
      break;
    case exception::kIntegerOverflow:
      site.signal = sig::fpe;
      break;
    case exception::kFloatDivide:
      site.signal = sig::fpe;
      site.code = sig::fpe_fltdiv;
      break;
    case exception::kIllegalInstruction:
      site.signal = sig::ill;
      break;
    case exception::kPrivileged:
      site.signal = sig::segv;
      site.code = sig::si_kernel;
      break;
    default:
      break;
  }
}

/// Whether the mapping there allows what the site wanted, as far as the dump knows it.
bool is_allowed(const Process& process, const FaultSite& site) {
  const auto* region = site.address ? process.snapshot().region_at(*site.address) : nullptr;
  if (!region || !region->access) return false;
  if (site.access == AccessKind::execute) return region->access->execute;
  return site.access == AccessKind::write ? region->access->write : region->access->read;
}

/// Whether the instruction there can have raised that signal: the trap number of a signal frame is
/// that of the thread's last fault, which may be an old one, or one that the system resolved by
/// supplying the page, whereupon another signal was delivered.
bool instruction_fits(const Process& process, const FaultSite& site) {
  if (site.is(sig::segv) || site.is(sig::bus)) {
    if (site.is(sig::segv) && site.reported && is_allowed(process, site)) return false;
    return site.access == AccessKind::execute || site.operand >= 0;
  }
  if (site.is(sig::fpe)) {
    return site.instruction && (site.instruction->operation == Operation::divide ||
                                site.instruction->operation == Operation::divide_signed);
  }
  if (site.is(sig::ill)) return !site.instruction || site.instruction->is_undefined_trap;
  return true;
}

/// The site below the process's own handler of a fault, where there is one. The outermost counts:
/// a handler that faults in its turn is not what began it.
std::optional<FaultSite> below_handler(const Process& process, const FaultSite& top) {
  if (!top.stack) return {};
  const auto& frames = top.stack->frames;
  for (size_t i = frames.size(); i-- > 0;) {
    if (!frames[i].is_signal_frame || i + 1 >= frames.size()) continue;
    auto sp = frames[i].registers.sp();
    auto info = sp ? pushed_fault(process.memory(), process.arch(), *sp) : std::nullopt;
    if (!info) continue;
    FaultSite site = top;
    site.frame_index = i + 1;
    site.registers = frames[i + 1].registers;
    site.pc = frames[i + 1].pc;
    site.signal = info->signal;
    site.code = info->code;
    site.reported.reset();
    if (info->code != sig::si_kernel) site.reported = info->address;
    site.sent = false;
    site.handled = true;
    decode_site(process, site);
    explain_access(process, site);
    if (instruction_fits(process, site)) return site;
  }
  return {};
}

/// The site of a fault whose handler is still at work, and waits: it will not have waited long in a
/// dump of a sound process. A crash handler that takes a lock which the interrupted code holds (to
/// allocate, to log) hangs for ever, until somebody kills the process.
std::optional<FaultSite> below_waiting_handler(const Process& process) {
  const auto& threads = process.snapshot().threads;
  if (process.snapshot().os != snapshot::Os::linux) return {};
  for (size_t i = 0; i < threads.size(); ++i) {
    if (threads[i].system_call.value_or(-1) < 0) continue;
    const auto& stack = process.stacks()[i];
    FaultSite top{.thread_id = threads[i].id,
                  .stack = &stack,
                  .registers = threads[i].registers,
                  .segment_base = threads[i].tls};
    auto site = below_handler(process, top);
    if (!site) continue;
    site->handler_waits = true;
    return site;
  }
  return {};
}

}  // namespace

std::string_view name(AccessKind kind) {
  switch (kind) {
    case AccessKind::none:
      return "none";
    case AccessKind::read:
      return "read";
    case AccessKind::write:
      return "write";
    case AccessKind::execute:
      return "execute";
  }
  return {};
}

std::string signal_name(int signal) {
  static constexpr std::string_view names[] = {
      "",          "SIGHUP",  "SIGINT",    "SIGQUIT", "SIGILL",   "SIGTRAP", "SIGABRT", "SIGBUS",
      "SIGFPE",    "SIGKILL", "SIGUSR1",   "SIGSEGV", "SIGUSR2",  "SIGPIPE", "SIGALRM", "SIGTERM",
      "SIGSTKFLT", "SIGCHLD", "SIGCONT",   "SIGSTOP", "SIGTSTP",  "SIGTTIN", "SIGTTOU", "SIGURG",
      "SIGXCPU",   "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO",   "SIGPWR",  "SIGSYS"};
  if (signal > 0 && signal < static_cast<int>(std::size(names))) {
    return std::string(names[signal]);
  }
  return fmt::format("signal {}", signal);
}

std::optional<FaultSite> fault_site(const Process& process) {
  const auto& snapshot = process.snapshot();
  const auto* thread = snapshot.crashed_thread();
  if (!thread && snapshot.fault) thread = snapshot.thread_by_id(snapshot.fault->thread);
  if (!thread) return below_waiting_handler(process);

  FaultSite site;
  site.thread_id = thread->id;
  site.registers = thread->registers;
  site.segment_base = thread->tls;
  site.pc = thread->registers.pc();
  site.stack = &process.stacks()[static_cast<size_t>(thread - snapshot.threads.data())];
  if (const auto& fault = snapshot.fault) {
    site.signal = fault->signal;
    site.code = fault->signal_code;
    if (fault->exception && !fault->signal) {
      take_exception(*fault, site);
    } else if (site.code != sig::si_kernel) {
      site.reported = fault->address;
    }
  } else if (thread->signal) {
    site.signal = static_cast<int>(*thread->signal);
  }
  site.sent = site.signal && (!is_processor_signal(*site.signal) || (site.code && *site.code <= 0));
  if (site.sent) site.reported.reset();
  if (auto deeper = below_handler(process, site)) {
    // A handler that ends the process itself is the sender; else it was still at work.
    const auto sender = snapshot.fault ? snapshot.fault->sender_pid : std::nullopt;
    deeper->handler_waits = site.sent && sender && sender != snapshot.process.pid &&
                            thread->system_call.value_or(-1) >= 0;
    return deeper;
  }
  if (site.sent) {
    if (auto waiting = below_waiting_handler(process)) return waiting;
  }
  decode_site(process, site);
  explain_access(process, site);
  return site;
}

SiteCalls calls_at(const Process& process, const FaultSite& site, size_t frames) {
  if (!site.stack) return {};
  SiteCalls out{.calls = calls_of(process, *site.stack, site.frame_index + frames)};
  while (out.left_out < out.calls.size() && out.calls[out.left_out].frame < site.frame_index) {
    ++out.left_out;
  }
  out.calls.erase(out.calls.begin(), out.calls.begin() + static_cast<ptrdiff_t>(out.left_out));
  return out;
}

bool is_in_allocator(const Process& process, const FaultSite& site) {
  return entry_of_allocator(calls_at(process, site, 12).calls) != kNoCall;
}

answer::Fault describe_fault(const Process& process, const FaultSite& site) {
  answer::Fault out;
  out.thread = site.thread_id;
  const auto& fault = process.snapshot().fault;
  if (fault && fault->exception && !fault->signal) {
    out.exception = snapshot::exception_words(*fault, process.snapshot().os);
  } else if (site.signal) {
    out.signal = signal_name(*site.signal);
  }
  // What was computed is told by the explanation and the evidence: the system named none.
  if (site.address_from_system || site.access == AccessKind::execute) out.address = site.address;
  // Where a signal from somebody else came, the instruction is innocent.
  if (!site.sent) out.instruction = site.text;
  out.access = std::string(name(site.access));
  out.explanation = explanation_of(process, site);
  return out;
}

}  // namespace inquest::cause
