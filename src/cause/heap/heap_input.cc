#include "cause/heap/heap_input.h"

namespace inquest::cause {
namespace {

/// By the debug types of the module of that name (without ".dll"), where there are any.
std::optional<uint64_t> field_offset(const Process& process, std::string_view module,
                                     std::string_view type, std::string_view field) {
  for (const snapshot::Module& candidate : process.snapshot().modules) {
    std::string_view name = candidate.file_name();
    if (name.substr(0, name.rfind('.')) != module) continue;
    const symbols::TypeReader* types = process.types(candidate);
    if (!types) return {};
    for (const symbols::Member& member : types->members(types->find(type))) {
      if (member.name == field) return member.offset;
    }
    return {};
  }
  return {};
}

}  // namespace

heap::Input heap_input(const Process& process) {
  return {.process = process.snapshot(),
          .find_symbol = [&process](std::string_view name) { return process.find_symbol(name); },
          .field_offset =
              [&process](std::string_view module, std::string_view type, std::string_view field) {
                return field_offset(process, module, type, field);
              }};
}

}  // namespace inquest::cause
