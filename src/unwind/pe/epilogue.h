/// Recognises what is left of an x64 epilogue by its instructions: the stack's release, pops, and a
/// return or a jump out of the function. Nothing else may stand in one.
///
/// Source: Microsoft "x64 prolog and epilog". Pure functions; safe from any thread.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "base/integers.h"
#include "snapshot/registers.h"

namespace inquest::unwind {

/// A register of the processor's numbering (rax rcx rdx rbx rsp rbp rsi rdi r8...) as DWARF's.
snapshot::Register x64_register(uint8_t number);

struct EpilogueRest {
  static constexpr size_t kMostPops = 16;

  /// rsp = base + delta, before the pops.
  snapshot::Register base = snapshot::x64::rsp;
  int64_t delta = 0;
  std::array<snapshot::Register, kMostPops> popped = {};
  size_t pop_count = 0;
  /// RVA that a direct jump at its end goes to; the caller judges whether that leaves the function.
  std::optional<uint64_t> target = {};

  std::span<const snapshot::Register> pops() const { return std::span(popped).first(pop_count); }
};

/// Bytes of code that suffice to recognise any.
inline constexpr size_t kLongestEpilogue = 64;

/// `code` begins at the instruction at `rva`. `frame`: the function's frame register, if it has
/// one.
std::optional<EpilogueRest> read_epilogue(Bytes code, uint64_t rva,
                                          std::optional<snapshot::Register> frame);

}  // namespace inquest::unwind
