/// The effect of one instruction on what is known of registers and stack slots.
#pragma once

#include "cause/code/function_values.h"
#include "cause/code/instruction.h"
#include "cause/code/value.h"

namespace inquest::cause {

/// Borrows the table and the state that it changes.
class Stepper {
 public:
  Stepper(ValueTable& values, State& state) : values_(values), state_(state) {}

  void step(const Instruction& instruction);
  /// The address that a memory operand names.
  ValueId address(const Instruction& instruction, const Operand& operand);

 private:
  ValueId thread_local_address(const Operand& operand);
  ValueId read(const Instruction& instruction, const Operand& operand, bool is_signed = false);
  void write(const Instruction& instruction, const Operand& operand, ValueId value);
  void set(snapshot::Register reg, ValueId value);
  void forget_written(const Instruction& instruction);
  ValueId load(ValueId address, unsigned size, bool is_signed);
  void store(ValueId address, unsigned size, ValueId value);
  void forget_slots(int64_t offset, uint64_t size);
  void forget_given_away();
  void call(const Instruction& instruction);
  bool followed(const Instruction& instruction);
  bool arithmetic(const Instruction& instruction, const Operand& to, const Operand& from);

  ValueTable& values_;
  State& state_;
};

}  // namespace inquest::cause
