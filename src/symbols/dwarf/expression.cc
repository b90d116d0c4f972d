#include "symbols/dwarf/expression.h"

#include <llvm/BinaryFormat/Dwarf.h>

#include "base/limits.h"
#include "symbols/dwarf/expression_machine.h"
#include "symbols/dwarf/forms.h"

namespace inquest::symbols {

using namespace llvm::dwarf;

namespace {

/// gcc's names, before DWARF 5 took them over.
enum : uint8_t {
  DW_OP_GNU_uninit = 0xf0,
  DW_OP_GNU_const_type = 0xf4,
  DW_OP_GNU_regval_type = 0xf5,
  DW_OP_GNU_deref_type = 0xf6,
  DW_OP_GNU_convert = 0xf7,
  DW_OP_GNU_reinterpret = 0xf9,
};

}  // namespace

std::optional<uint64_t> ExpressionMachine::frame_base() {
  if (is_frame_base_ || context_.frame_base.empty()) return {};
  Place base = ExpressionMachine(context_.frame_base, context_, true).run();
  // "In register rbp" as a frame base means the register's value.
  if (base.kind == Place::Kind::in_register) return reg(base.reg);
  if (base.kind == Place::Kind::optimised_out) {
    is_lost_ |= base.is_lost;
    return {};
  }
  return base.value;
}

std::optional<uint64_t> ExpressionMachine::biased_index(uint64_t index, bool biased) const {
  if (!context_.indexed_address) return {};
  auto value = context_.indexed_address(index);
  if (value && biased) *value += context_.frame.bias;
  return value;
}

void ExpressionMachine::step(uint8_t op) {
  if (op >= DW_OP_lit0 && op <= DW_OP_lit31) return push(uint64_t{op} - DW_OP_lit0);
  if (op >= DW_OP_reg0 && op <= DW_OP_reg31) {
    in_register_ = op - DW_OP_reg0;
    return;
  }
  if (op >= DW_OP_breg0 && op <= DW_OP_breg31) {
    auto offset = static_cast<uint64_t>(cursor_.sleb128());
    auto base = reg(op - DW_OP_breg0);
    return push(base ? std::optional(*base + offset) : base);
  }
  if (arithmetic(op)) return;
  auto signed_number = [&](unsigned size) {
    uint64_t raw = read_number(cursor_, size);
    unsigned shift = 64 - 8 * size;
    return static_cast<uint64_t>(static_cast<int64_t>(raw << shift) >> shift);
  };
  switch (op) {
    case DW_OP_nop:
      break;
    case DW_OP_addr:
      push(read_number(cursor_, context_.address_size) + context_.frame.bias);
      break;
    case DW_OP_addrx:
    case DW_OP_GNU_addr_index:
      push(biased_index(cursor_.uleb128(), true));
      break;
    case DW_OP_constx:
    case DW_OP_GNU_const_index:
      push(biased_index(cursor_.uleb128(), false));
      break;
    case DW_OP_const1u:
      push(read_number(cursor_, 1));
      break;
    case DW_OP_const2u:
      push(read_number(cursor_, 2));
      break;
    case DW_OP_const4u:
      push(read_number(cursor_, 4));
      break;
    case DW_OP_const8u:
      push(read_number(cursor_, 8));
      break;
    case DW_OP_const1s:
      push(signed_number(1));
      break;
    case DW_OP_const2s:
      push(signed_number(2));
      break;
    case DW_OP_const4s:
      push(signed_number(4));
      break;
    case DW_OP_const8s:
      push(signed_number(8));
      break;
    case DW_OP_constu:
      push(cursor_.uleb128());
      break;
    case DW_OP_consts:
      push(static_cast<uint64_t>(cursor_.sleb128()));
      break;
    case DW_OP_dup:
      pick(0);
      break;
    case DW_OP_drop:
      pop();
      break;
    case DW_OP_over:
      pick(1);
      break;
    case DW_OP_pick:
      pick(read_number(cursor_, 1));
      break;
    case DW_OP_swap: {
      uint64_t b = pop(), a = pop();
      push(b);
      push(a);
      break;
    }
    case DW_OP_rot: {
      uint64_t c = pop(), b = pop(), a = pop();
      push(c);
      push(a);
      push(b);
      break;
    }
    case DW_OP_deref:
      push(load(pop(), context_.address_size));
      break;
    case DW_OP_deref_size:
      push(load(pop(), read_number(cursor_, 1)));
      break;
    case DW_OP_deref_type:
    case DW_OP_GNU_deref_type: {
      uint64_t size = read_number(cursor_, 1);
      cursor_.uleb128();
      push(load(pop(), size));
      break;
    }
    case DW_OP_skip:
      jump(static_cast<int16_t>(read_number(cursor_, 2)));
      break;
    case DW_OP_bra: {
      auto distance = static_cast<int16_t>(read_number(cursor_, 2));
      if (pop()) jump(distance);
      break;
    }
    case DW_OP_regx:
      in_register_ = cursor_.uleb128();
      break;
    case DW_OP_bregx: {
      auto base = reg(cursor_.uleb128());
      auto offset = static_cast<uint64_t>(cursor_.sleb128());
      push(base ? std::optional(*base + offset) : base);
      break;
    }
    case DW_OP_fbreg: {
      auto base = frame_base();
      auto offset = static_cast<uint64_t>(cursor_.sleb128());
      push(base ? std::optional(*base + offset) : base);
      break;
    }
    case DW_OP_call_frame_cfa:
      push(of_frame(context_.frame.cfa ? std::optional(context_.frame.cfa->value) : std::nullopt));
      break;
    case DW_OP_form_tls_address:
    case DW_OP_GNU_push_tls_address: {
      uint64_t offset = pop();
      if (!context_.frame.tls || !context_.tls_block)
        failed_ = is_lost_ = true;
      else
        push(context_.frame.tls->value + static_cast<uint64_t>(*context_.tls_block) + offset);
      break;
    }
    case DW_OP_stack_value:
      constant_ = pop();
      break;
    case DW_OP_implicit_value: {
      uint64_t size = cursor_.uleb128();
      if (size > 8) failed_ = true;
      constant_ = read_number(cursor_, static_cast<unsigned>(size > 8 ? 0 : size));
      break;
    }
    // Values of a base type: integers are what they are; the type only says how to show them.
    case DW_OP_regval_type:
    case DW_OP_GNU_regval_type: {
      auto value = reg(cursor_.uleb128());
      cursor_.uleb128();
      push(value);
      break;
    }
    case DW_OP_const_type:
    case DW_OP_GNU_const_type: {
      cursor_.uleb128();
      uint64_t size = read_number(cursor_, 1);
      if (size > 8) failed_ = true;
      push(read_number(cursor_, static_cast<unsigned>(size > 8 ? 0 : size)));
      break;
    }
    case DW_OP_convert:
    case DW_OP_GNU_convert:
    case DW_OP_reinterpret:
    case DW_OP_GNU_reinterpret:
      cursor_.uleb128();
      break;
    case DW_OP_GNU_uninit:
      break;
    // Pieces, implicit pointers, values at the function's entry, calls of other expressions.
    default:
      failed_ = true;
      break;
  }
}

Place ExpressionMachine::run() {
  for (size_t steps = 0; !cursor_.at_end() && !failed_; ++steps) {
    // A register or a value ends a location; what follows can only be a piece.
    if (steps >= kLimits.expression_steps || in_register_ || constant_) return {};
    step(cursor_.read<u8>());
  }
  if (failed_ || cursor_.failed()) return {.is_lost = is_lost_ && !cursor_.failed()};
  if (in_register_) {
    auto value = reg(*in_register_);
    if (!value) return {.is_lost = true};
    return {.kind = Place::Kind::in_register,
            .value = *value,
            .reg = static_cast<snapshot::Register>(*in_register_)};
  }
  if (constant_) return {.kind = Place::Kind::constant, .value = *constant_};
  if (stack_.empty()) return {};
  return {.kind = Place::Kind::memory, .value = stack_.back()};
}

Place evaluate(Bytes expression, const ExpressionContext& context) {
  if (expression.empty()) return {};
  return ExpressionMachine(expression, context, false).run();
}

}  // namespace inquest::symbols
