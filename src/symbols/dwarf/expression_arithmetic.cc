/// DWARF's arithmetic, logic and comparisons (DWARF 5, 2.5.1.4 and 2.5.1.5).
#include <llvm/BinaryFormat/Dwarf.h>

#include "symbols/dwarf/expression_machine.h"

namespace inquest::symbols {

using namespace llvm::dwarf;

bool ExpressionMachine::arithmetic(uint8_t op) {
  switch (op) {
    case DW_OP_abs: {
      int64_t v = as_signed(pop());
      push(v < 0 ? 0 - static_cast<uint64_t>(v) : static_cast<uint64_t>(v));
      return true;
    }
    case DW_OP_neg:
      push(0 - pop());
      return true;
    case DW_OP_not:
      push(~pop());
      return true;
    case DW_OP_plus_uconst:
      push(pop() + cursor_.uleb128());
      return true;
    case DW_OP_and:
    case DW_OP_div:
    case DW_OP_minus:
    case DW_OP_mod:
    case DW_OP_mul:
    case DW_OP_or:
    case DW_OP_plus:
    case DW_OP_shl:
    case DW_OP_shr:
    case DW_OP_shra:
    case DW_OP_xor:
    case DW_OP_eq:
    case DW_OP_ge:
    case DW_OP_gt:
    case DW_OP_le:
    case DW_OP_lt:
    case DW_OP_ne:
      break;
    default:
      return false;
  }
  const uint64_t b = pop(), a = pop();
  const int64_t sb = as_signed(b), sa = as_signed(a);
  const unsigned bits = context_.address_size * 8;
  switch (op) {
    case DW_OP_and:
      push(a & b);
      break;
    case DW_OP_or:
      push(a | b);
      break;
    case DW_OP_xor:
      push(a ^ b);
      break;
    case DW_OP_plus:
      push(a + b);
      break;
    case DW_OP_minus:
      push(a - b);
      break;
    case DW_OP_mul:
      push(a * b);
      break;
    case DW_OP_div:
      if (b == 0)
        failed_ = true;
      else
        push(sb == -1 ? 0 - a : static_cast<uint64_t>(sa / sb));
      break;
    case DW_OP_mod:
      if (b == 0)
        failed_ = true;
      else
        push(a % b);
      break;
    case DW_OP_shl:
      push(b >= bits ? 0 : a << b);
      break;
    case DW_OP_shr:
      push(b >= bits ? 0 : a >> b);
      break;
    case DW_OP_shra:
      push(static_cast<uint64_t>(sa >> (b >= bits ? bits - 1 : b)));
      break;
    case DW_OP_eq:
      push(uint64_t{sa == sb});
      break;
    case DW_OP_ne:
      push(uint64_t{sa != sb});
      break;
    case DW_OP_ge:
      push(uint64_t{sa >= sb});
      break;
    case DW_OP_gt:
      push(uint64_t{sa > sb});
      break;
    case DW_OP_le:
      push(uint64_t{sa <= sb});
      break;
    case DW_OP_lt:
      push(uint64_t{sa < sb});
      break;
    default:
      break;
  }
  return true;
}

}  // namespace inquest::symbols
