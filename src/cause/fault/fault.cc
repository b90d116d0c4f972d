#include "cause/fault/fault.h"

#include <array>

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

void decode_site(const Process& process, FaultSite& site) {
  site.instruction.reset();
  site.text.clear();
  if (!site.pc) return;
  std::array<std::byte, 16> bytes;
  size_t n = process.memory().read(*site.pc, bytes);
  site.instruction = decode(process.arch(), Bytes(bytes).first(n), *site.pc);
  site.text = disassemble(process.arch(), Bytes(bytes).first(n), *site.pc);
}

/// Where a jump, call or return was about to go, when the instruction faulted on that.
std::optional<Address> branch_target(const Process& process, const FaultSite& site) {
  const auto& instruction = *site.instruction;
  if (instruction.flow == Flow::ret) {
    auto sp = site.registers.sp();
    if (!sp) return {};
    auto value = process.memory().read_pointer(*sp, pointer_size(process.arch()));
    return value ? std::optional(Address{*value}) : std::nullopt;
  }
  if (instruction.flow != Flow::call && instruction.flow != Flow::jump) return {};
  if (instruction.target) return instruction.target;
  const Operand* operand = instruction.explicit_operand(0);
  if (!operand) return {};
  if (operand->kind == Operand::Kind::reg && operand->reg) {
    auto value = site.registers.get(*operand->reg);
    return value ? std::optional(Address{*value}) : std::nullopt;
  }
  auto slot = effective_address(instruction, *operand, site.registers, site.segment_base);
  if (!slot) return {};
  auto value = process.memory().read_pointer(*slot, pointer_size(process.arch()));
  return value ? std::optional(Address{*value}) : std::nullopt;
}

void choose_operand(FaultSite& site, int index, Address address) {
  const Operand& operand = site.instruction->operands[static_cast<size_t>(index)];
  site.operand = index;
  site.size = operand.size;
  // A read-modify-write is refused as a write: the processor asks for both at once.
  site.access = operand.write ? AccessKind::write : AccessKind::read;
  if (!site.address) site.address = address;
}

/// Finds the operand that explains the address that the system reported.
void explain_reported(FaultSite& site) {
  site.address = site.reported;
  site.address_from_system = true;
  if (!site.instruction) return;
  // The whole operand first; then, for repeated string instructions, what is near: they work on
  // blocks, and the registers stand at the block's start.
  for (uint64_t reach : {uint64_t{0}, uint64_t{64}}) {
    for (size_t i = 0; i < site.instruction->operands.size(); ++i) {
      const Operand& operand = site.instruction->operands[i];
      if (operand.kind != Operand::Kind::memory || operand.address_only) continue;
      auto at = effective_address(*site.instruction, operand, site.registers, site.segment_base);
      if (!at) continue;
      uint64_t span = std::max<uint64_t>(operand.size, 1) + reach;
      if (*site.reported - *at < span || (reach && *at - *site.reported < reach)) {
        return choose_operand(site, static_cast<int>(i), *at);
      }
    }
  }
  for (size_t i = 0; i < site.instruction->operands.size(); ++i) {
    const Operand& operand = site.instruction->operands[i];
    if (operand.vector_index) return choose_operand(site, static_cast<int>(i), *site.reported);
  }
}

/// A general protection fault names no address: a non-canonical or misaligned operand explains it.
void explain_unreported(const Process& process, FaultSite& site) {
  if (!site.instruction || process.arch() != Arch::x86_64) return;
  int misaligned = -1;
  Address misaligned_at;
  for (size_t i = 0; i < site.instruction->operands.size(); ++i) {
    const Operand& operand = site.instruction->operands[i];
    if (operand.kind != Operand::Kind::memory || operand.address_only) continue;
    auto at = effective_address(*site.instruction, operand, site.registers, site.segment_base);
    if (!at) continue;
    Address last = *at + (operand.size ? operand.size - 1 : 0);
    if (!is_canonical(*at) || !is_canonical(last)) {
      return choose_operand(site, static_cast<int>(i), *at);
    }
    if (operand.alignment && at->value % operand.alignment != 0 && misaligned < 0) {
      misaligned = static_cast<int>(i);
      misaligned_at = *at;
    }
  }
  if (misaligned >= 0) return choose_operand(site, misaligned, misaligned_at);
  auto target = branch_target(process, site);
  if (target && !is_canonical(*target)) {
    site.address = target;
    site.access = AccessKind::execute;
  }
}

/// Whether the processor was refused the instruction itself.
bool could_not_execute(const Process& process, const FaultSite& site) {
  if (!site.pc) return false;
  if (site.reported_access == AccessKind::execute || (site.reported && site.reported == site.pc))
    return true;
  const auto* region = process.snapshot().region_at(*site.pc);
  if (region) return region->access && !region->access->execute;
  return !process.snapshot().regions.empty() && !process.snapshot().module_at(*site.pc);
}

void explain_access(const Process& process, FaultSite& site) {
  bool memory_fault = site.is(sig::segv) || site.is(sig::bus);
  if (!memory_fault) return;
  if (could_not_execute(process, site)) {
    site.address = site.pc;
    site.address_from_system = site.reported == site.pc;
    site.access = AccessKind::execute;
    return;
  }
  bool has_address = site.reported && site.code != sig::si_kernel;
  if (has_address) {
    explain_reported(site);
  } else {
    explain_unreported(process, site);
  }
  if (site.access == AccessKind::none && site.reported_access) site.access = *site.reported_access;
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

/// Whether the instruction there can have raised that signal: the trap number of a signal frame is
/// that of the thread's last fault, which may be an old one.
bool instruction_fits(const FaultSite& site) {
  if (site.is(sig::segv) || site.is(sig::bus)) {
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
    if (instruction_fits(site)) return site;
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
