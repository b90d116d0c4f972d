/// x86-64 instructions decoded by Zydis, in the terms that following code needs: which registers
/// an instruction writes, whether it ends a straight run.
#pragma once

#include <Zydis/Zydis.h>
#include <array>
#include <optional>

#include "base/address.h"
#include "base/integers.h"
#include "snapshot/registers.h"

namespace inquest::cause {

/// The DWARF number of the general register that `reg` is or is part of; absent for others.
std::optional<snapshot::Register> dwarf_register(ZydisRegister reg);

/// rbx, rbp, r12..r15: a call gives them back as they were (System V psABI 3.2.1).
bool is_callee_saved(snapshot::Register reg);

struct Decoded {
  Address at;
  ZydisDecodedInstruction instruction;
  std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;

  Address end() const { return at + instruction.length; }
  bool is_call() const { return instruction.mnemonic == ZYDIS_MNEMONIC_CALL; }
  bool is_return() const { return instruction.mnemonic == ZYDIS_MNEMONIC_RET; }
  bool is_jump_always() const { return instruction.mnemonic == ZYDIS_MNEMONIC_JMP; }
  /// Whether it writes the register or a part of it, explicitly or as a side effect.
  bool writes(snapshot::Register reg) const;
  /// Target of a direct call or jump.
  std::optional<Address> direct_target() const;
};

/// The instruction at the start of `code`; absent when the bytes are none.
std::optional<Decoded> decode_x64(Bytes code, Address at);

}  // namespace inquest::cause
