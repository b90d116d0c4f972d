#include "unwind/pe/dynamic_rules.h"

namespace inquest::unwind {

const ImageRules& DynamicRules::rules(const snapshot::FunctionTable& table) const {
  std::lock_guard lock(mutex_);
  std::unique_ptr<ImageRules>& rules = rules_[&table];
  if (rules) return *rules;
  auto machine = snapshot_.arch == snapshot::Arch::aarch64 ? pe::Machine::arm64 : pe::Machine::x64;
  const snapshot::Memory& memory = snapshot_.memory;
  auto read = [&memory, base = table.base](uint64_t rva, std::span<std::byte> out) {
    return memory.read(base + rva, out);
  };
  auto read_at = [read](Rva rva, std::span<std::byte> out) { return read(rva.value, out); };
  rules = std::make_unique<ImageRules>(
      pe::File::of_functions(machine, table.entries, read_at, "function table"), read);
  return *rules;
}

std::optional<Row> DynamicRules::row(Address at, bool exact) const {
  if (!snapshot::is_64_bit(snapshot_.arch)) return {};
  const snapshot::FunctionTable* table = snapshot_.function_table_at(at);
  if (!table) return {};
  auto row = rules(*table).row(at - table->base, exact);
  if (!row) return {};
  row->begin += table->base.value;
  row->end += table->base.value;
  if (row->entry) *row->entry += table->base.value;
  return row;
}

}  // namespace inquest::unwind
