#include "symbols/source.h"

namespace inquest::symbols {

std::vector<std::unique_ptr<Source>> open_sources(const locate::ModuleFiles& files,
                                                  snapshot::Arch arch) {
  std::vector<std::unique_ptr<Source>> sources;
  auto add = [&](std::unique_ptr<Source> source) {
    if (source) sources.push_back(std::move(source));
  };
  add(open_dwarf_source(files));
  add(open_pdb_source(files));
  add(open_breakpad_source(files));
  add(open_elf_source(files, arch));
  add(open_map_source(files));
  add(open_export_source(files));
  return sources;
}

Source* code_source(const std::vector<std::unique_ptr<Source>>& sources) {
  for (const auto& source : sources) {
    if (source->describes_code()) return source.get();
  }
  return nullptr;
}

uint32_t kinds_of(const std::vector<std::unique_ptr<Source>>& sources) {
  uint32_t kinds = 0;
  for (const auto& source : sources) kinds |= source->kinds();
  return kinds;
}

}  // namespace inquest::symbols
