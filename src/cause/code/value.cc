#include "cause/code/value.h"

#include <algorithm>

namespace inquest::cause {

ValueId ValueTable::add(const Value& value) {
  auto found = known_.find(value);
  if (found != known_.end()) return {found->second};
  if (full()) return {};
  auto index = static_cast<uint32_t>(values_.size());
  values_.push_back(value);
  known_.emplace(value, index);
  return {index};
}

ValueId ValueTable::sum(ValueId base, int64_t number) {
  if (!base || number == 0) return base;
  // A copy: adding may move the table.
  const Value b = values_[base.index];
  auto total =
      static_cast<int64_t>(static_cast<uint64_t>(b.number) + static_cast<uint64_t>(number));
  if (b.form == Form::constant) return constant(total);
  if (b.form == Form::stack) return stack(total);
  if (b.form == Form::sum) return sum(b.base, total);
  // i * 8, and then the array's address: in this order too it is an element of the array.
  if (b.form == Form::element && values_[b.base.index].form == Form::constant) {
    return element(sum(b.base, number), b.index, b.size);
  }
  return add({.form = Form::sum, .base = base, .number = number});
}

ValueId ValueTable::element(ValueId base, ValueId index, unsigned scale) {
  if (!base || !index) return {};
  const Value b = values_[base.index], i = values_[index.index];
  if (i.form == Form::constant) {
    return sum(base, static_cast<int64_t>(static_cast<uint64_t>(i.number) * scale));
  }
  if (b.form == Form::constant && scale == 1) return sum(index, b.number);
  if (b.form == Form::sum) return sum(element(b.base, index, scale), b.number);
  return add(
      {.form = Form::element, .size = static_cast<uint8_t>(scale), .base = base, .index = index});
}

ValueId ValueTable::load(ValueId address, unsigned size, bool is_signed) {
  if (!address) return {};
  return add({.form = Form::load,
              .size = static_cast<uint8_t>(size),
              .is_signed = is_signed,
              .base = address});
}

ValueId ValueTable::narrow(ValueId base, unsigned size, bool is_signed) {
  if (!base) return {};
  const Value b = values_[base.index];
  if (b.form == Form::load && b.size <= size && b.is_signed == is_signed) return base;
  if (b.form == Form::narrow && b.size <= size) return base;
  if (b.form == Form::constant) {
    uint64_t mask = size >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * size)) - 1;
    uint64_t low = static_cast<uint64_t>(b.number) & mask;
    if (is_signed && size < 8 && (low >> (8 * size - 1) & 1)) low |= ~mask;
    return constant(static_cast<int64_t>(low));
  }
  return add({.form = Form::narrow,
              .size = static_cast<uint8_t>(size),
              .is_signed = is_signed,
              .base = base});
}

ValueId ValueTable::merge(Address at, int64_t place, ValueId one, ValueId other) {
  ValueId merged = add({.form = Form::merge, .at = at, .place = place});
  if (!merged) return {};
  constexpr size_t kMost = 16;
  auto& list = choices_[merged.index];
  for (ValueId choice : {one, other}) {
    if (choice == merged || list.size() >= kMost) continue;
    if (std::find(list.begin(), list.end(), choice) == list.end()) list.push_back(choice);
  }
  return merged;
}

const std::vector<ValueId>& ValueTable::choices(ValueId merge) const {
  static const std::vector<ValueId> none;
  auto found = choices_.find(merge.index);
  return found == choices_.end() ? none : found->second;
}

bool ValueTable::is_thread_local(ValueId address) const {
  Value at = values_[address.index];
  if (at.form == Form::sum) at = values_[at.base.index];
  if (at.form == Form::element) at = values_[at.base.index];
  return at.form == Form::thread;
}

}  // namespace inquest::cause
