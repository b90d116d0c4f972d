#include "cause/code/step.h"

#include <algorithm>

namespace inquest::cause {
namespace {

using snapshot::Register;
using snapshot::x64::rax;
using snapshot::x64::rbp;
using snapshot::x64::rsp;

/// Registers that a call may change (System V psABI, figure 3.4), but rax.
constexpr Register kCallerSaved[] = {snapshot::x64::rcx, snapshot::x64::rdx, snapshot::x64::rsi,
                                     snapshot::x64::rdi, snapshot::x64::r8,  snapshot::x64::r9,
                                     snapshot::x64::r10, snapshot::x64::r11};

/// How far behind an address that was given away an object is taken to reach. A guess: without
/// types nothing tells, and strings, iterators and guards are smaller.
constexpr int64_t kObjectReach = 64;

/// A computed slot value needs a place number that no register has.
constexpr int64_t slot_place(int64_t offset) { return offset - 4096; }

}  // namespace

ValueId Stepper::address(const Instruction& instruction, const Operand& operand) {
  if (operand.vector_index || operand.base_is_vector_or_unknown) return {};
  if (operand.segment == Operand::Segment::gs) return {};
  if (operand.segment == Operand::Segment::fs) return thread_local_address(operand);
  if (operand.pc_relative) {
    return values_.constant(static_cast<int64_t>(instruction.next().value +
                                                 static_cast<uint64_t>(operand.displacement)));
  }
  ValueId base = operand.base ? state_.regs[*operand.base] : values_.constant(0);
  if (operand.index) {
    ValueId index = state_.regs[*operand.index];
    base = operand.base || operand.scale == 1
               ? values_.element(base, index, operand.scale)
               : values_.element(values_.constant(operand.displacement), index, operand.scale);
    if (!operand.base && operand.scale != 1) return base;
  }
  int64_t displacement = operand.displacement;
  if (operand.push) displacement -= operand.size;
  return values_.sum(base, displacement);
}

/// fs:[-8], or fs:[rax] with the distance in a register: a scale is not used there.
ValueId Stepper::thread_local_address(const Operand& operand) {
  if (operand.index || operand.pc_relative) return {};
  ValueId base = values_.thread();
  if (operand.base) base = values_.element(base, state_.regs[*operand.base], 1);
  return values_.sum(base, operand.displacement);
}

ValueId Stepper::load(ValueId address, unsigned size, bool is_signed) {
  const Value& at = values_[address];
  // The word there points to itself (ELF Handling For Thread-Local Storage, x86-64).
  if (at.form == Form::thread && size == 8) return address;
  if (at.form == Form::stack) {
    const Slot* slot = state_.slot(at.number);
    if (slot && slot->size == size) return slot->value;
    if (slot && slot->size > size) return values_.narrow(slot->value, size, is_signed);
  }
  return values_.load(address, size, is_signed);
}

void Stepper::forget_slots(int64_t offset, uint64_t size) {
  auto overlaps = [&](const Slot& s) {
    return s.offset < offset + static_cast<int64_t>(size) && offset < s.offset + s.size;
  };
  std::erase_if(state_.slots, overlaps);
}

void Stepper::forget_given_away() {
  std::erase_if(state_.slots, [&](const Slot& s) {
    auto after = std::upper_bound(state_.given_away.begin(), state_.given_away.end(), s.offset);
    return after != state_.given_away.begin() && s.offset - *(after - 1) < kObjectReach;
  });
}

void Stepper::store(ValueId address, unsigned size, ValueId value) {
  const Value at = values_[address];
  if (at.form != Form::stack) return forget_given_away();
  forget_slots(at.number, size);
  if (size == 0 || size > 8 || state_.slots.size() > 4096) return;
  if (!value) return;
  auto where = std::lower_bound(state_.slots.begin(), state_.slots.end(), at.number,
                                [](const Slot& s, int64_t o) { return s.offset < o; });
  state_.slots.insert(where, {at.number, static_cast<uint8_t>(size), value});
}

void Stepper::set(Register reg, ValueId value) {
  state_.regs[reg] = value;
  const Value& v = values_[value];
  if (v.form != Form::stack || reg == rsp) return;
  auto& given = state_.given_away;
  auto where = std::lower_bound(given.begin(), given.end(), v.number);
  if (where == given.end() || *where != v.number) given.insert(where, v.number);
}

ValueId Stepper::read(const Instruction& instruction, const Operand& operand, bool is_signed) {
  switch (operand.kind) {
    case Operand::Kind::immediate:
      return values_.constant(operand.immediate);
    case Operand::Kind::reg:
      if (!operand.reg || operand.high_byte) return {};
      if (operand.size == 8) return state_.regs[*operand.reg];
      return values_.narrow(state_.regs[*operand.reg], operand.size, is_signed);
    case Operand::Kind::memory:
      return load(address(instruction, operand), operand.size, is_signed);
    case Operand::Kind::other:
      return {};
  }
  return {};
}

void Stepper::write(const Instruction& instruction, const Operand& operand, ValueId value) {
  if (operand.kind == Operand::Kind::memory) {
    store(address(instruction, operand), operand.size, value);
    return;
  }
  if (operand.kind != Operand::Kind::reg || !operand.reg) return;
  // A 32-bit write clears the upper half; a smaller one leaves the rest, which is not followed.
  if (operand.size < 4 || operand.high_byte || !value) {
    value = values_.computed(instruction.at, *operand.reg);
  }
  set(*operand.reg, value);
}

void Stepper::forget_written(const Instruction& instruction) {
  for (const Operand& operand : instruction.operands) {
    if (!operand.write) continue;
    if (operand.kind == Operand::Kind::reg && operand.reg) {
      state_.regs[*operand.reg] = values_.computed(instruction.at, *operand.reg);
    } else if (operand.kind == Operand::Kind::memory) {
      ValueId where = address(instruction, operand);
      const Value at = values_[where];
      ValueId made = at.form == Form::stack
                         ? values_.computed(instruction.at, slot_place(at.number))
                         : ValueId{};
      store(where, operand.size, made);
    }
  }
}

void Stepper::call(const Instruction& instruction) {
  const Operand* operand = instruction.explicit_operand(0);
  if (!instruction.target && operand && operand->size == 8) {
    ValueId target = operand->kind == Operand::Kind::memory
                         ? values_.load(address(instruction, *operand), 8, false)
                     : operand->reg && *operand->reg < State::kRegisters
                         ? state_.regs[*operand->reg]
                         : ValueId{};
    values_.tell_target(instruction.at, target);
  }
  for (Register r : kCallerSaved) state_.regs[r] = values_.computed(instruction.at, r);
  state_.regs[rax] = values_.result(instruction.at);
  forget_given_away();
  // The callee's own frame lay below the stack pointer.
  const Value& sp = values_[state_.regs[rsp]];
  if (sp.form == Form::stack) {
    std::erase_if(state_.slots, [&](const Slot& s) { return s.offset < sp.number; });
  }
}

bool Stepper::arithmetic(const Instruction& instruction, const Operand& to, const Operand& from) {
  bool same = to.kind == Operand::Kind::reg && from.kind == Operand::Kind::reg && to.reg &&
              to.reg == from.reg && to.size >= 4;
  ValueId value;
  switch (instruction.operation) {
    case Operation::bit_xor:
      if (!same) return false;
      value = values_.constant(0);
      break;
    case Operation::sub:
      if (same) {
        value = values_.constant(0);
      } else if (from.kind == Operand::Kind::immediate) {
        value = values_.sum(read(instruction, to), -from.immediate);
      }
      break;
    case Operation::bit_and:
      if (from.kind != Operand::Kind::immediate || from.immediate != 0) return false;
      value = values_.constant(0);
      break;
    case Operation::add: {
      ValueId left = read(instruction, to);
      ValueId right = read(instruction, from, to.size < 8);
      if (values_[right].form == Form::constant) {
        value = values_.sum(left, values_[right].number);
      } else {
        value = values_.element(left, right, 1);
      }
      break;
    }
    default:
      return false;
  }
  if (!value) return false;
  if (to.size == 4) value = values_.narrow(value, 4, false);
  write(instruction, to, value);
  return true;
}

/// Whether the operation was understood; otherwise nothing was changed.
bool Stepper::followed(const Instruction& instruction) {
  const Operand* to = instruction.explicit_operand(0);
  const Operand* from = instruction.explicit_operand(1);
  switch (instruction.operation) {
    case Operation::move:
      if (!to || !from) return false;
      if (to->kind == Operand::Kind::reg && !to->reg) return false;
      if (to->reg == rbp && from->kind == Operand::Kind::reg && from->reg == rsp) {
        state_.regs[rbp] = state_.regs[rsp];  // the frame pointer gives no address away
        return true;
      }
      write(instruction, *to, read(instruction, *from));
      return true;
    case Operation::move_zero:
    case Operation::move_sign: {
      if (!to || !from || !to->reg) return false;
      bool is_signed = instruction.operation == Operation::move_sign;
      write(instruction, *to, read(instruction, *from, is_signed));
      return true;
    }
    case Operation::lea: {
      if (!to || !from || !to->reg) return false;
      ValueId value = address(instruction, *from);
      if (to->size == 4) value = values_.narrow(value, 4, false);
      write(instruction, *to, value);
      return true;
    }
    case Operation::add:
    case Operation::sub:
    case Operation::bit_and:
    case Operation::bit_xor:
      return to && from && arithmetic(instruction, *to, *from);
    case Operation::push: {
      if (!to) return false;
      ValueId value = read(instruction, *to);
      ValueId lowered = values_.sum(state_.regs[rsp], -8);
      state_.regs[rsp] = lowered;
      store(lowered, 8, value);
      return true;
    }
    case Operation::pop: {
      if (!to) return false;
      ValueId value = load(state_.regs[rsp], 8, false);
      ValueId raised = values_.sum(state_.regs[rsp], 8);
      write(instruction, *to, value);
      state_.regs[rsp] = raised;
      return true;
    }
    case Operation::leave: {
      ValueId frame = state_.regs[rbp];
      state_.regs[rbp] = load(frame, 8, false);
      state_.regs[rsp] = values_.sum(frame, 8);
      return true;
    }
    case Operation::exchange: {
      if (!to || !from || !to->reg || !from->reg || to->size != 8) return false;
      std::swap(state_.regs[*to->reg], state_.regs[*from->reg]);
      return true;
    }
    case Operation::conditional_move: {
      if (!to || !from || !to->reg || to->size < 4) return false;
      ValueId old = state_.regs[*to->reg];
      ValueId now = read(instruction, *from);
      if (!now) now = values_.computed(instruction.at, 256);
      state_.regs[*to->reg] = values_.merge(instruction.at, *to->reg, old, now);
      return true;
    }
    default:
      return false;
  }
}

void Stepper::step(const Instruction& instruction) {
  if (instruction.flow == Flow::call) return call(instruction);
  if (!followed(instruction)) forget_written(instruction);
}

}  // namespace inquest::cause
