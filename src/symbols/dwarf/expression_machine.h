/// The stack machine that a DWARF expression is written for (DWARF 5, 2.5). Of use to expression.cc
/// only.
#pragma once

#include <optional>
#include <vector>

#include "base/cursor.h"
#include "symbols/dwarf/expression.h"

namespace inquest::symbols {

/// One evaluation. After `fail` everything reads as zero and the answer is "optimised out".
class ExpressionMachine {
 public:
  ExpressionMachine(Bytes expression, const ExpressionContext& context, bool is_frame_base)
      : cursor_(expression, "location expression"),
        context_(context),
        is_frame_base_(is_frame_base) {}

  Place run();

 private:
  void step(uint8_t op);
  /// An operation on the stack alone (expression_arithmetic.cc); false when it is none.
  bool arithmetic(uint8_t op);
  void push(uint64_t value) {
    constexpr size_t kDeepestStack = 1024;
    if (stack_.size() >= kDeepestStack) failed_ = true;
    if (!failed_) stack_.push_back(mask(value));
  }
  void push(std::optional<uint64_t> value) {
    if (!value) failed_ = true;
    push(value.value_or(0));
  }
  uint64_t pop() {
    if (stack_.empty()) failed_ = true;
    if (failed_) return 0;
    uint64_t value = stack_.back();
    stack_.pop_back();
    return value;
  }
  uint64_t mask(uint64_t v) const { return context_.address_size == 4 ? v & 0xffffffff : v; }
  int64_t as_signed(uint64_t v) const {
    return context_.address_size == 4 ? static_cast<int32_t>(v) : static_cast<int64_t>(v);
  }
  /// Notes that what the frame should know is not known.
  std::optional<uint64_t> of_frame(std::optional<uint64_t> value) {
    is_lost_ |= !value;
    return value;
  }
  std::optional<uint64_t> reg(uint64_t number) {
    if (number > 255 || !context_.frame.reg) return of_frame({});
    return of_frame(context_.frame.reg(static_cast<snapshot::Register>(number)));
  }
  std::optional<uint64_t> load(uint64_t address, uint64_t size) {
    if (size == 0 || size > 8 || !context_.frame.memory) return {};
    return of_frame(context_.frame.memory(Address{address}, static_cast<unsigned>(size)));
  }
  std::optional<uint64_t> frame_base();
  std::optional<uint64_t> biased_index(uint64_t index, bool biased) const;
  void pick(uint64_t depth) {
    if (depth >= stack_.size())
      failed_ = true;
    else
      push(stack_[stack_.size() - 1 - depth]);
  }
  void jump(int64_t distance) {
    cursor_.seek(cursor_.position() + static_cast<uint64_t>(distance));
  }

  Cursor cursor_;
  const ExpressionContext& context_;
  bool is_frame_base_;
  bool failed_ = false, is_lost_ = false;
  std::vector<uint64_t> stack_;
  std::optional<uint64_t> in_register_;
  std::optional<uint64_t> constant_;
};

}  // namespace inquest::symbols
