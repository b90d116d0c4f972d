#include "unwind/cfi/execute.h"

#include "unwind/arch/arch.h"
#include "unwind/cfi/expression.h"

namespace inquest::unwind {
namespace {

using snapshot::Registers;
using Kind = RegisterRule::Kind;

std::optional<uint64_t> compute_cfa(const CfaRule& rule, const Registers& callee, Words& memory) {
  if (rule.kind == CfaRule::Kind::expression) return evaluate(rule.expression, callee, memory, {});
  /// cfa = reg + offset
  auto base = callee.get(rule.reg);
  if (!base) return {};
  uint64_t cfa = *base + static_cast<uint64_t>(rule.offset);
  return memory.pointer_size() == 4 ? static_cast<uint32_t>(cfa) : cfa;
}

std::optional<uint64_t> compute(const RegisterRule& rule, uint64_t cfa, const Registers& callee,
                                Words& memory) {
  switch (rule.kind) {
    case Kind::undefined:
      return {};
    case Kind::same:
      return callee.get(rule.reg);
    case Kind::offset:
      return memory.pointer(Address{cfa + static_cast<uint64_t>(rule.offset)});
    case Kind::val_offset:
      return cfa + static_cast<uint64_t>(rule.offset);
    case Kind::other_register:
      return callee.get(rule.other);
    case Kind::at_register: {
      auto base = callee.get(rule.other);
      if (!base) return {};
      return memory.pointer(Address{*base + static_cast<uint64_t>(rule.offset)});
    }
    case Kind::expression: {
      auto place = evaluate(rule.expression, callee, memory, cfa);
      if (!place) return {};
      return memory.pointer(Address{*place});
    }
    case Kind::val_expression:
      return evaluate(rule.expression, callee, memory, cfa);
  }
  return {};
}

}  // namespace

Executed execute(const Row& row, const Registers& callee, Words& memory) {
  using Status = Executed::Status;
  Executed result;
  auto cfa = compute_cfa(row.cfa, callee, memory);
  if (!cfa) {
    result.status = Status::no_cfa;
    return result;
  }
  result.cfa = Address{*cfa};

  const auto& roles = snapshot::roles(callee.arch());
  Registers& caller = result.caller = callee;
  // What is not said stays, where the calling convention says that a call keeps it. A signal frame
  // is no call: the kernel's rules say all that there is.
  forget_lost_in_call(caller, row.from_image);
  caller.set_sp(result.cfa);

  std::optional<uint64_t> return_address;
  bool return_said = false;
  for (const RegisterRule& rule : row.registers) {
    auto value = compute(rule, *cfa, callee, memory);
    if (rule.reg == row.return_column) {
      return_said = true;
      if (rule.kind == Kind::undefined) {
        result.status = Status::outermost;
        return result;
      }
      return_address = value;
    }
    if (value) {
      caller.set(rule.reg, *value);
    } else {
      caller.forget(rule.reg);
    }
  }
  if (!return_said) {
    // Where calls leave the address in a register, a leaf function need not say so.
    if (roles.link != row.return_column) {
      result.status = Status::no_return;
      return result;
    }
    return_address = callee.get(row.return_column);
  }
  if (!return_address) {
    result.status = return_said ? Status::no_memory : Status::no_return;
    return result;
  }
  if (row.return_signed) return_address = strip_signature(callee.arch(), *return_address);
  caller.set(roles.pc, *return_address);
  // The link register still holds this return address, which says nothing of the caller's own.
  if (roles.link && !row.signal_frame) caller.forget(*roles.link);
  return result;
}

}  // namespace inquest::unwind
