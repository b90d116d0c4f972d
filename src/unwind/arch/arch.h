/// What the walker must know of an architecture beyond its register roles: which registers a call
/// keeps, how a call, a function's first and last instructions and a signal trampoline look.
///
/// Source: System V psABI of each architecture; the kernel's signal frames (uapi/asm/sigcontext.h).
/// Constant tables and pure functions; safe from any thread.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "base/integers.h"
#include "snapshot/registers.h"

namespace inquest::unwind {

/// The call instruction that ends right before a return address.
struct Call {
  enum class Kind : uint8_t {
    direct,    ///< call target
    slot,      ///< call *[target]: through a pointer at a fixed address
    indirect,  ///< call through a register or computed memory
  };
  Kind kind = Kind::indirect;
  uint64_t target = 0;  ///< of direct: where to; of slot: where the pointer is
  std::optional<snapshot::Register> reg = {};  ///< of indirect: the register with the address
};

/// Where a function that has no unwind data stands, as far as a few bytes of its code tell.
struct Standing {
  enum class Place : uint8_t {
    unknown,
    at_return_address,  ///< first instruction, or a `ret`: the return address is on top
    after_push,         ///< the frame pointer has been pushed on top of the return address
    in_link,            ///< the return address is still in the link register
  };
  Place place = Place::unknown;
};

/// Where the kernel saved the interrupted registers, counted from sp at the trampoline.
struct SignalLayout {
  struct Saved {
    snapshot::Register reg;
    uint16_t offset;
  };
  std::span<const Saved> saved;
  uint16_t base = 0;             ///< of the register block, from sp
  bool base_is_pointer = false;  ///< the block is where the pointer at sp + base points
  uint16_t behind_pointer = 0;   ///< then the block begins so many bytes after that
};

struct ArchFacts {
  /// Registers that a call may change, pc and sp aside.
  std::span<const snapshot::Register> lost_in_call;
  unsigned longest_call;  ///< bytes before a return address that a call can take
  unsigned alignment;     ///< of instructions
  /// `code` ends at the return address.
  std::optional<Call> (*call_before)(uint64_t return_address, Bytes code);
  /// `code` begins at pc. Null when it is no trampoline.
  const SignalLayout* (*trampoline)(Bytes code);
  /// `before` ends at pc, `after` begins there.
  Standing (*standing)(Bytes before, Bytes after);
  /// Where a jump slot's stub takes its target from: the address of the pointer, if `code` at
  /// `address` is such a stub (a PLT entry).
  std::optional<uint64_t> (*stub_slot)(uint64_t address, Bytes code);
};

const ArchFacts& arch_facts(snapshot::Arch arch);

/// Forgets what a call may change, by the system's convention: on x64 Windows rsi and rdi are kept.
void forget_lost_in_call(snapshot::Registers& registers, bool windows);

/// Clears the pointer signature of a return address (AArch64); others are returned as they are.
uint64_t strip_signature(snapshot::Arch arch, uint64_t address);

extern const ArchFacts kX64Facts, kX86Facts, kArm64Facts, kArmFacts;

}  // namespace inquest::unwind
