#include "unwind/cfi/expression.h"

#include <array>

#include "base/cursor.h"

namespace inquest::unwind {
namespace {

namespace op {
constexpr uint8_t addr = 0x03, deref = 0x06, const1u = 0x08, const1s = 0x09, const2u = 0x0a,
                  const2s = 0x0b, const4u = 0x0c, const4s = 0x0d, const8u = 0x0e, const8s = 0x0f,
                  constu = 0x10, consts = 0x11, dup = 0x12, drop = 0x13, over = 0x14, pick = 0x15,
                  swap = 0x16, rot = 0x17, abs = 0x19, and_ = 0x1a, div = 0x1b, minus = 0x1c,
                  mod = 0x1d, mul = 0x1e, neg = 0x1f, not_ = 0x20, or_ = 0x21, plus = 0x22,
                  plus_uconst = 0x23, shl = 0x24, shr = 0x25, shra = 0x26, xor_ = 0x27, bra = 0x28,
                  eq = 0x29, ge = 0x2a, gt = 0x2b, le = 0x2c, lt = 0x2d, ne = 0x2e, skip = 0x2f,
                  lit0 = 0x30, lit31 = 0x4f, breg0 = 0x70, breg31 = 0x8f, bregx = 0x92,
                  deref_size = 0x94, nop = 0x96, call_frame_cfa = 0x9c, stack_value = 0x9f;
}  // namespace op

constexpr size_t kDeepest = 64;

class Evaluation {
 public:
  Evaluation(Bytes expression, const snapshot::Registers& registers, Words& memory,
             std::optional<uint64_t> cfa)
      : cursor_(expression, "DWARF expression"),
        registers_(registers),
        memory_(memory),
        cfa_(cfa),
        bits_(memory.pointer_size() * 8) {
    if (cfa) push(*cfa);
  }

  std::optional<uint64_t> run(size_t steps) {
    while (!cursor_.at_end()) {
      if (steps-- == 0) return {};
      if (!step(static_cast<uint8_t>(cursor_.read<u8>()))) return {};
      if (failed_) return {};
    }
    if (cursor_.failed() || depth_ == 0) return {};
    return stack_[depth_ - 1];
  }

 private:
  uint64_t wrap(uint64_t v) const { return bits_ == 32 ? static_cast<uint32_t>(v) : v; }
  int64_t as_signed(uint64_t v) const {
    return bits_ == 32 ? static_cast<int32_t>(v) : static_cast<int64_t>(v);
  }
  bool push(uint64_t v) {
    if (depth_ == kDeepest) return false;
    stack_[depth_++] = wrap(v);
    return true;
  }
  /// Zero and a failure that sticks when the stack is empty.
  uint64_t pop() {
    if (depth_ == 0) {
      failed_ = true;
      return 0;
    }
    return stack_[--depth_];
  }
  bool pick(uint64_t index) {
    if (index >= depth_) return false;
    return push(stack_[depth_ - 1 - index]);
  }
  bool push_register(uint64_t n, int64_t offset) {
    if (n >= snapshot::Registers::kCapacity) return false;
    auto value = registers_.get(static_cast<snapshot::Register>(n));
    return value && push(*value + static_cast<uint64_t>(offset));
  }
  bool dereference(unsigned size) {
    if (size != 1 && size != 2 && size != 4 && size != 8) return false;
    auto value = memory_.read(Address{pop()}, size);
    return value && push(*value);
  }
  bool jump(int16_t by) {
    uint64_t to = cursor_.position() + static_cast<uint64_t>(int64_t{by});
    if (to > cursor_.bytes().size()) return false;
    cursor_.seek(to);
    return true;
  }
  bool step(uint8_t code);
  bool arithmetic(uint8_t code);

  Cursor cursor_;
  const snapshot::Registers& registers_;
  Words& memory_;
  std::optional<uint64_t> cfa_;
  unsigned bits_;
  std::array<uint64_t, kDeepest> stack_;
  size_t depth_ = 0;
  bool failed_ = false;
};

bool Evaluation::step(uint8_t code) {
  if (code >= op::lit0 && code <= op::lit31) return push(code - op::lit0);
  if (code >= op::breg0 && code <= op::breg31) {
    return push_register(code - op::breg0, cursor_.sleb128());
  }
  switch (code) {
    case op::nop:
      return true;
    case op::stack_value:
      return true;
    case op::addr:
      return push(bits_ == 32 ? uint64_t{cursor_.read<le32>()} : uint64_t{cursor_.read<le64>()});
    case op::const1u:
      return push(cursor_.read<u8>());
    case op::const1s:
      return push(static_cast<uint64_t>(static_cast<int8_t>(cursor_.read<u8>())));
    case op::const2u:
      return push(cursor_.read<le16>());
    case op::const2s:
      return push(static_cast<uint64_t>(int64_t{cursor_.read<sle16>()}));
    case op::const4u:
      return push(cursor_.read<le32>());
    case op::const4s:
      return push(static_cast<uint64_t>(int64_t{cursor_.read<sle32>()}));
    case op::const8u:
    case op::const8s:
      return push(cursor_.read<le64>());
    case op::constu:
      return push(cursor_.uleb128());
    case op::consts:
      return push(static_cast<uint64_t>(cursor_.sleb128()));
    case op::bregx: {
      uint64_t n = cursor_.uleb128();
      return push_register(n, cursor_.sleb128());
    }
    case op::call_frame_cfa:
      return cfa_ && push(*cfa_);
    case op::deref:
      return dereference(bits_ / 8);
    case op::deref_size:
      return dereference(cursor_.read<u8>());
    case op::dup:
      return pick(0);
    case op::over:
      return pick(1);
    case op::pick:
      return pick(cursor_.read<u8>());
    case op::drop:
      pop();
      return true;
    case op::swap: {
      uint64_t a = pop(), b = pop();
      return push(a) && push(b);
    }
    case op::rot: {  // a b c -> c a b, the top being last
      uint64_t c = pop(), b = pop(), a = pop();
      return push(c) && push(a) && push(b);
    }
    case op::skip:
      return jump(cursor_.read<sle16>());
    case op::bra: {
      int16_t by = cursor_.read<sle16>();
      return pop() == 0 || jump(by);
    }
    default:
      return arithmetic(code);
  }
}

bool Evaluation::arithmetic(uint8_t code) {
  if (code == op::plus_uconst) {
    uint64_t n = cursor_.uleb128();
    return push(pop() + n);
  }
  uint64_t b = pop();
  switch (code) {
    case op::abs:
      return push(as_signed(b) < 0 ? uint64_t{0} - b : b);
    case op::neg:
      return push(uint64_t{0} - b);
    case op::not_:
      return push(~b);
    default:
      break;
  }
  uint64_t a = pop();
  switch (code) {
    case op::and_:
      return push(a & b);
    case op::or_:
      return push(a | b);
    case op::xor_:
      return push(a ^ b);
    case op::plus:
      return push(a + b);
    case op::minus:
      return push(a - b);
    case op::mul:
      return push(a * b);
    case op::div:
      if (b == 0) return false;
      // The one quotient that overflows wraps.
      if (as_signed(b) == -1) return push(uint64_t{0} - a);
      return push(static_cast<uint64_t>(as_signed(a) / as_signed(b)));
    case op::mod:
      return b != 0 && push(a % b);
    case op::shl:
      return push(b < bits_ ? a << b : 0);
    case op::shr:
      return push(b < bits_ ? a >> b : 0);
    case op::shra:
      return push(static_cast<uint64_t>(as_signed(a) >> (b < bits_ ? b : uint64_t{bits_ - 1})));
    case op::eq:
      return push(a == b);
    case op::ne:
      return push(a != b);
    case op::ge:
      return push(as_signed(a) >= as_signed(b));
    case op::gt:
      return push(as_signed(a) > as_signed(b));
    case op::le:
      return push(as_signed(a) <= as_signed(b));
    case op::lt:
      return push(as_signed(a) < as_signed(b));
    default:
      return false;
  }
}

}  // namespace

std::optional<uint64_t> evaluate(Bytes expression, const snapshot::Registers& registers,
                                 Words& memory, std::optional<uint64_t> cfa, const Limits& limits) {
  return Evaluation(expression, registers, memory, cfa).run(limits.expression_steps);
}

}  // namespace inquest::unwind
