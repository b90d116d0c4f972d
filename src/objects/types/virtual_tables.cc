#include "objects/types/virtual_tables.h"

#include <algorithm>

#include "base/limits.h"
#include "objects/types/rtti.h"
#include "symbols/symbols.h"

namespace inquest::objects {

using snapshot::Snapshot;

namespace {

/// A hostile dump may name millions of different words.
constexpr size_t kMostTables = 1 << 20;
constexpr uint64_t kLargestObject = uint64_t{1} << 32;

/// "vtable for game::Guild" -> "game::Guild".
std::string_view after(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : std::string_view{};
}

}  // namespace

VirtualTables::VirtualTables(const TypingInput& input, TypeTable& types)
    : input_(input), types_(types), word_size_(snapshot::pointer_size(input.process.arch)) {
  const auto& modules = input.process.modules;
  if (modules.empty()) return;
  low_ = modules.front().range.begin.value;
  span_ = modules.back().range.end.value - low_;
}

bool VirtualTables::in_module(uint64_t word) const {
  return input_.process.module_at({word}) != nullptr;
}

const ModuleTypes* VirtualTables::module_at(uint64_t word) const {
  const snapshot::Module* module = input_.process.module_at({word});
  for (const ModuleTypes& one : input_.modules) {
    if (one.module == module) return &one;
  }
  return nullptr;
}

/// Executable, or in a module where rights are not known.
bool VirtualTables::is_code(uint64_t address) const {
  const snapshot::Region* region = input_.process.region_at({address});
  if (region && region->access) return region->access->execute;
  return input_.process.module_at({address}) != nullptr;
}

void VirtualTables::prepare(uint64_t word) {
  if (known_.size() >= kMostTables) return;
  auto [slot, is_new] = known_.try_emplace(word);
  if (!is_new) return;
  const ModuleTypes* module = module_at(word);
  VirtualTable table =
      input_.process.os == snapshot::Os::windows ? microsoft(word, module) : VirtualTable{};
  // mingw's programs have the Itanium ABI on Windows.
  if (table.type == 0) table = itanium(word, module);
  known_[word] = table;
}

VirtualTable VirtualTables::itanium(uint64_t word, const ModuleTypes* module) {
  const auto& memory = input_.process.memory;
  if (word < 2 * word_size_) return {};
  // A table stands in memory that is not written, once it is relocated: pages that are written
  // may hold stale copies of anything. (.data.rel.ro shows as read-only.)
  const snapshot::Region* region = input_.process.region_at({word});
  if (region && region->access && region->access->execute) return {};
  auto to_top = memory.read_pointer({word - 2 * word_size_}, word_size_);
  auto first = memory.read_pointer({word}, word_size_);
  if (!to_top || !first) return {};
  int64_t top = word_size_ == 4 ? static_cast<int32_t>(*to_top) : static_cast<int64_t>(*to_top);
  if (top > 0 || top < -static_cast<int64_t>(kLargestObject / 2)) return {};
  VirtualTable table{.offset = static_cast<uint32_t>(-top)};
  std::string symbol = module && module->symbol_at ? module->symbol_at({word}) : std::string();
  std::string_view name = after(symbol, "vtable for ");
  const std::string_view building = after(symbol, "construction vtable for ");
  std::optional<RttiType> rtti;
  if (word_size_ == 8) rtti = type_of_vtable({input_.process, {}}, {word});
  const bool is_empty = *first == 0;  // an abstract class: its destructors were left out
  if (!name.empty() || !building.empty()) {
    table.how = How::virtual_table;
    table.percent = 99;
    if (!building.empty()) {
      name = building.substr(0, building.find("-in-"));
      table.percent = 80;
    }
    if (!is_empty && !is_code(*first)) return {};
    table.type = types_.by_rtti_name(rtti ? rtti->name : std::string(name));
    return table;
  }
  if (!symbol.empty() && symbol.find("vtable") == std::string::npos &&
      symbol.find("type") != std::string::npos) {
    return {};
  }
  if (!rtti || is_empty || !is_code(*first)) return {};
  // The name must be one that demangles: numbers and identifiers are found everywhere.
  if (rtti->name == rtti->mangled) return {};
  table.how = How::rtti;
  table.percent = 98;
  table.type = types_.by_rtti_name(rtti->name);
  return table;
}

}  // namespace inquest::objects
