#include "symbols/local_names.h"

#include <algorithm>
#include <elf.h>

namespace inquest::symbols {

LocalNames::LocalNames(const locate::ModuleFiles& files, const CodeLayout& layout) {
  if (!files.symtab) return;
  for (const elf::Symbol& s : files.symtab->symbols(SHT_SYMTAB)) {
    if (s.binding != STB_LOCAL || s.type != STT_FUNC || !s.name.starts_with("_Z")) continue;
    if (auto code = layout.code(s.value, s.value + 1)) names_.push_back({code->begin, s.name});
  }
  std::sort(names_.begin(), names_.end());
}

std::string_view LocalNames::at(uint32_t rva, std::string_view name) const {
  size_t colons = name.substr(0, name.find_first_of("<(")).rfind("::");
  if (colons != name.npos) name.remove_prefix(colons + 2);
  // Operators have codes of their own; of others the mangled name repeats the word.
  std::string_view word = name.substr(0, name.find_first_of("<(~"));
  if (word.starts_with("operator")) word = {};
  auto found = std::lower_bound(names_.begin(), names_.end(), std::pair(rva, std::string_view()));
  for (; found != names_.end() && found->first == rva; ++found) {
    std::string_view mangled = found->second.substr(0, found->second.find('.'));  // no ".part.0"
    if (mangled.find(word) != mangled.npos) return mangled;
  }
  return {};
}

}  // namespace inquest::symbols
