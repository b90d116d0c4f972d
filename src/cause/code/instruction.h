/// One machine instruction of x86-64 or i386, decoded: what it reads, writes and where it goes.
///
/// Values; the decoder (Zydis) stays inside the source file. AArch64 and ARM are not decoded:
/// `decode` is absent for them. Source: Intel SDM volume 2. Safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/integers.h"
#include "snapshot/memory.h"
#include "snapshot/registers.h"

namespace inquest::cause {

struct Operand {
  enum class Kind : uint8_t { reg, memory, immediate, other } kind = Kind::other;
  bool read = false, write = false;
  bool conditional = false;  ///< written only sometimes (cmov)
  bool implicit = false;     ///< not in the text, such as the stack of a push
  unsigned size = 0;         ///< bytes

  /// kind reg: the general register that it is a part of; absent for vector and other registers.
  std::optional<snapshot::Register> reg = {};
  bool high_byte = false;  ///< ah, bh, ch, dh

  /// kind memory: segment base + base + index * scale + displacement
  std::optional<snapshot::Register> base = {}, index = {};
  uint8_t scale = 1;
  int64_t displacement = 0;
  enum class Segment : uint8_t { flat, fs, gs } segment = Segment::flat;
  bool pc_relative = false;   ///< displacement is from the next instruction
  bool address_only = false;  ///< lea, nop: nothing is accessed
  bool vector_index = false;  ///< gather and scatter: one address per element, not computed here
  bool base_is_vector_or_unknown = false;
  bool push = false;       ///< the address is that after the stack pointer was lowered
  unsigned alignment = 0;  ///< bytes that the processor demands; 0: none

  /// kind immediate
  int64_t immediate = 0;
};

/// What control does after the instruction.
enum class Flow : uint8_t { next, jump, branch, call, ret, trap };

/// The operations that tracking of values understands; all others clobber what they write.
enum class Operation : uint8_t {
  other,
  move,
  move_zero,
  move_sign,
  lea,
  add,
  sub,
  bit_and,
  bit_xor,
  push,
  pop,
  leave,
  exchange,
  divide,
  divide_signed,
  conditional_move,
};

struct Instruction {
  Address at;
  unsigned length = 0;
  Operation operation = Operation::other;
  Flow flow = Flow::next;
  std::optional<Address> target = {};  ///< of a direct jump, branch or call
  bool is_undefined_trap = false;      ///< ud2, ud1, ud0: put there by compilers
  bool is_breakpoint = false;          ///< int3
  bool is_halt_or_privileged = false;  ///< hlt, in, out, cli ...: refused in user mode
  std::string mnemonic = {};           ///< "mov"
  std::string extension = {};          ///< instruction set, "AVX512F_512", "BASE"
  std::vector<Operand> operands = {};

  Address next() const { return at + length; }
  /// The operand that is not implicit, by position; null when there is none such.
  const Operand* explicit_operand(size_t position) const;
};

/// Absent when the bytes are no instruction, are cut, or the architecture is not decoded.
std::optional<Instruction> decode(snapshot::Arch arch, Bytes bytes, Address at);
std::optional<Instruction> decode(snapshot::Arch arch, const snapshot::Memory& memory, Address at);
/// Intel syntax, with absolute targets; empty when it cannot be decoded.
std::string disassemble(snapshot::Arch arch, Bytes bytes, Address at);

/// The address of a memory operand under these registers; absent when a register is unknown or it
/// is a gather. `segment_base` is that of fs or gs where the operand uses one.
std::optional<Address> effective_address(const Instruction& instruction, const Operand& operand,
                                         const snapshot::Registers& registers,
                                         std::optional<uint64_t> segment_base);

/// x86-64 with 48-bit addresses: the upper 17 bits are all equal. (Processors with 57-bit
/// addresses accept more; Linux does not hand those out unless asked.)
constexpr bool is_canonical(Address a) {
  uint64_t top = a.value >> 47;
  return top == 0 || top == 0x1ffff;
}
/// Of user space: canonical and in the lower half.
constexpr bool is_user(Address a) { return a.value >> 47 == 0; }

}  // namespace inquest::cause
