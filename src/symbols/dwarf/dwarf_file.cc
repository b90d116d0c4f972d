#include "symbols/dwarf/dwarf_file.h"

#include <algorithm>

namespace inquest::symbols {
namespace {

const pe::Section* section_of(const pe::File& file, std::string_view name) {
  for (const pe::Section& s : file.sections()) {
    if (s.name == name) return &s;
  }
  return nullptr;
}

}  // namespace

DwarfFile DwarfFile::of(const locate::ModuleFiles& files) {
  return files.debug ? DwarfFile(files.debug) : DwarfFile(files.pe);
}

bool DwarfFile::has_section(std::string_view name) const {
  return elf_ ? elf_->section(name) != nullptr : pe_ && section_of(*pe_, name);
}

uint64_t DwarfFile::section_size(std::string_view name) const {
  if (elf_) {
    const elf::Section* section = elf_->section(name);
    return section ? section->size : 0;
  }
  const pe::Section* section = pe_ ? section_of(*pe_, name) : nullptr;
  return section ? section->file_size : 0;
}

Bytes DwarfFile::section_data(std::string_view name) const {
  if (elf_) return elf_->section_data(name);
  const pe::Section* section = pe_ ? section_of(*pe_, name) : nullptr;
  if (!section) return {};
  Bytes data = pe_->section_data(name);
  return section->virtual_size ? data.first(std::min<size_t>(data.size(), section->virtual_size))
                               : data;
}

}  // namespace inquest::symbols
