/// The place of the fault: thread, registers, instruction, and the address that explains it.
///
/// Where the process caught its own fatal signal and died in the handler (abort, raise), or hangs
/// in it, the place is that of the first fault, found below the handler's frames.
#pragma once

#include <optional>
#include <string>

#include "answer/answer.h"
#include "cause/calls.h"
#include "cause/code/instruction.h"
#include "cause/process.h"

namespace inquest::cause {

enum class AccessKind : uint8_t { none, read, write, execute };
std::string_view name(AccessKind kind);

/// Linux signal numbers and codes that we tell apart (x86-64 and AArch64). Source: <signal.h>,
/// <asm-generic/siginfo.h>.
namespace sig {
inline constexpr int quit = 3, ill = 4, trap = 5, abrt = 6, bus = 7, fpe = 8, kill = 9, segv = 11,
                     pipe = 13, alrm = 14, term = 15, sys = 31;
inline constexpr int si_user = 0, si_kernel = 0x80, si_queue = -1, si_tkill = -6;
inline constexpr int segv_maperr = 1, segv_accerr = 2, segv_bnderr = 3, segv_pkuerr = 4;
inline constexpr int bus_adraln = 1, bus_adrerr = 2, bus_objerr = 3;
inline constexpr int fpe_intdiv = 1, fpe_intovf = 2, fpe_fltdiv = 3, fpe_fltinv = 7;
}  // namespace sig
std::string signal_name(int signal);  ///< "SIGSEGV"; "signal 77" for one without a name

struct FaultSite {
  uint32_t thread_id = 0;
  size_t frame_index = 0;                     ///< in the thread's walked stack
  const unwind::Stack* stack = nullptr;       ///< borrowed from the Process; may be null
  snapshot::Registers registers;              ///< at the fault
  std::optional<uint64_t> segment_base = {};  ///< of fs
  std::optional<Address> pc = {};

  /// Of Windows: the signal and code that Linux would have sent for the same trap of the processor.
  std::optional<int> signal = {}, code = {};
  bool sent = false;           ///< by kill, tgkill or sigqueue: the instruction is innocent
  bool handled = false;        ///< found below the process's own signal handler
  bool handler_waits = false;  ///< which is still at work and waits: it did not end the process
  std::optional<Address> reported = {};            ///< si_addr where the signal has one
  std::optional<AccessKind> reported_access = {};  ///< where the system says it: Windows

  std::optional<Instruction> instruction = {};
  std::string text = {};                ///< of the instruction; empty when it cannot be decoded
  int operand = -1;                     ///< the memory operand at fault, or -1
  std::optional<Address> address = {};  ///< of the data (or code) that could not be accessed
  bool address_from_system = false;     ///< else computed from the registers
  AccessKind access = AccessKind::none;
  unsigned size = 0;  ///< bytes of the access, 0 when not known

  const Operand* memory_operand() const {
    return operand >= 0 ? &instruction->operands[static_cast<size_t>(operand)] : nullptr;
  }
  /// A fault of the processor with this signal, not a signal that somebody sent.
  bool is(int wanted) const { return !sent && signal && *signal == wanted; }
};

/// Of the thread that crashed. Where the signal was sent (by a watchdog, an operator), or the dump
/// names no crashed thread, that of a thread whose own handler of a fault hangs, if there is one.
/// Absent when there is neither.
std::optional<FaultSite> fault_site(const Process& process);

/// The calls from the frame of the fault outward: below a handler's frames, where it was handled.
struct SiteCalls {
  std::vector<Call> calls = {};
  size_t left_out = 0;  ///< inner ones
  /// Of calls[i], in answer::Stack::frames.
  uint32_t shown_index(size_t i) const { return static_cast<uint32_t>(left_out + i); }
};
SiteCalls calls_at(const Process& process, const FaultSite& site, size_t frames = 48);
/// Whether malloc, free or what they call stood at the fault.
bool is_in_allocator(const Process& process, const FaultSite& site);

/// For the report. `explanation` is filled by what explains it (story.h).
answer::Fault describe_fault(const Process& process, const FaultSite& site);

}  // namespace inquest::cause
