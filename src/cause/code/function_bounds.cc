#include "cause/code/function_bounds.h"

namespace inquest::cause {
namespace {

bool is_split_part(std::string_view linkage) {
  return linkage.find(".cold") != std::string_view::npos ||
         linkage.find(".part.") != std::string_view::npos;
}

}  // namespace

std::optional<FunctionBounds> function_bounds(const Process& process, Address at) {
  const auto* module = process.snapshot().module_at(at);
  if (!module) return {};
  Rva rva{at - module->range.begin};
  auto range = [&](uint64_t begin, uint64_t size) {
    Address first = module->range.begin + begin;
    return AddressRange{first, first + size};
  };
  if (auto symbol = process.symbols(*module).symbol_at(rva);
      symbol && symbol->is_function && symbol->size > 0 && symbol->offset < symbol->size) {
    return FunctionBounds{range(rva.value - symbol->offset, symbol->size),
                          symbol->linkage.find(".cold") == std::string::npos};
  }
  Located place = process.locate(at);
  if (!place.source.empty()) {
    const auto& outer = place.source.back();
    if (outer.size > 0 && rva - outer.begin < outer.size) {
      return FunctionBounds{range(outer.begin.value, outer.size), !is_split_part(outer.linkage)};
    }
  }
  auto unwound = process.unwound_function(at);
  if (!unwound) return {};
  return FunctionBounds{*unwound, true};
}

}  // namespace inquest::cause
