/// Values as expressions over a function's entry: "what rdi held at entry, plus 16, loaded".
///
/// Expressions live in a ValueTable, each once: equal expressions have equal ids. Registers are
/// DWARF numbers of x86-64. Offsets of stack slots count from the frame's CFA (the stack pointer
/// before the call that entered the function), so slots are at negative offsets and the return
/// address at -8. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/address.h"
#include "snapshot/registers.h"

namespace inquest::cause {

struct ValueId {
  uint32_t index = 0;  ///< 0: unknown
  explicit operator bool() const { return index != 0; }
  friend auto operator<=>(ValueId, ValueId) = default;
};

enum class Form : uint8_t {
  unknown,
  entry,     ///< what `reg` held when the function was entered
  constant,  ///< `number`
  stack,     ///< the address CFA + `number`
  thread,    ///< the thread pointer: the base of fs
  sum,       ///< base + `number`; base is neither constant, stack nor sum
  element,   ///< base + index * size
  load,      ///< `size` bytes read at the address `base`
  narrow,    ///< the low `size` bytes of base
  result,    ///< what the call at `at` returned
  merge,     ///< one of several, by the path taken to `at`; see ValueTable::choices
  computed,  ///< by the instruction at `at`, in a way that is not followed
};

struct Value {
  Form form = Form::unknown;
  snapshot::Register reg = 0;
  uint8_t size = 0;
  bool is_signed = false;
  ValueId base = {}, index = {};
  int64_t number = 0;
  Address at = {};
  int64_t place = 0;  ///< merge, computed: which register or slot, to tell them apart

  friend auto operator<=>(const Value&, const Value&) = default;
};

class ValueTable {
 public:
  /// Enough for any function worth following; past it everything is unknown.
  static constexpr size_t kCapacity = 1 << 18;

  ValueTable() { values_.push_back({}); }

  const Value& operator[](ValueId id) const { return values_[id.index]; }
  bool full() const { return values_.size() >= kCapacity; }

  ValueId entry(snapshot::Register reg) { return add({.form = Form::entry, .reg = reg}); }
  ValueId constant(int64_t number) { return add({.form = Form::constant, .number = number}); }
  ValueId thread() { return add({.form = Form::thread}); }
  ValueId stack(int64_t offset) { return add({.form = Form::stack, .number = offset}); }
  ValueId sum(ValueId base, int64_t number);
  ValueId element(ValueId base, ValueId index, unsigned scale);
  ValueId load(ValueId address, unsigned size, bool is_signed);
  ValueId narrow(ValueId base, unsigned size, bool is_signed);
  ValueId result(Address call) { return add({.form = Form::result, .at = call}); }
  ValueId computed(Address at, int64_t place) {
    return add({.form = Form::computed, .at = at, .place = place});
  }
  /// The merge at `at` of one register or slot, with one more value that may arrive there.
  ValueId merge(Address at, int64_t place, ValueId one, ValueId other);
  /// Whether an address lies at a distance from the thread pointer, as thread-local variables do.
  bool is_thread_local(ValueId address) const;
  /// Where an indirect call goes: the last that was told for the call at `at` counts. Unknown for
  /// direct calls.
  void tell_target(Address at, ValueId target) { targets_[at] = target; }
  ValueId target(Address at) const {
    auto found = targets_.find(at);
    return found == targets_.end() ? ValueId{} : found->second;
  }
  /// What may arrive at a merge; itself excluded. Empty for other forms.
  const std::vector<ValueId>& choices(ValueId merge) const;

 private:
  ValueId add(const Value& value);

  std::vector<Value> values_;
  std::map<Value, uint32_t> known_;
  std::map<uint32_t, std::vector<ValueId>> choices_;
  std::map<Address, ValueId> targets_;
};

}  // namespace inquest::cause
