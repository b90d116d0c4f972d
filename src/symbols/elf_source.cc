// The symbol tables of ELF files: .symtab, .dynsym, and the PLT (entries named "foo@plt").
#include <algorithm>
#include <elf.h>

#include "symbols/cache/image_format.h"
#include "symbols/plt.h"
#include "symbols/source.h"

namespace inquest::symbols {
namespace {

uint8_t binding_rank(uint8_t binding) {
  switch (binding) {
    case STB_LOCAL:
      return 2;
    case STB_WEAK:
      return 1;
    default:
      return 0;
  }
}

/// `$x`, `$d.3` and the like mark code and data for disassemblers.
bool is_mapping_symbol(std::string_view name, snapshot::Arch arch) {
  if (arch != snapshot::Arch::aarch64 && arch != snapshot::Arch::arm) return false;
  return name.size() >= 2 && name[0] == '$' && (name.size() == 2 || name[2] == '.');
}

void collect(const elf::File& file, uint32_t section_type, uint64_t base, snapshot::Arch arch,
             std::vector<SymbolClaim>& out) {
  const auto& sections = file.sections();
  for (const elf::Symbol& s : file.symbols(section_type)) {
    bool is_function = s.type == STT_FUNC || s.type == STT_GNU_IFUNC;
    bool is_object = s.type == STT_OBJECT || s.type == STT_COMMON;
    if (!is_function && !is_object && s.type != STT_NOTYPE) continue;
    if (s.section == SHN_UNDEF || s.section == SHN_ABS || s.name.empty()) continue;
    if (is_mapping_symbol(s.name, arch)) continue;
    uint64_t value = s.value;
    if (arch == snapshot::Arch::arm && is_function) value &= ~uint64_t{1};  // Thumb
    if (value < base || value - base > UINT32_MAX) continue;
    uint64_t rva = value - base;
    uint64_t end = rva;
    if (s.section < sections.size()) {
      const elf::Section& section = sections[s.section];
      if (value >= section.address && value - section.address <= section.size) {
        end = section.address + section.size - base;
      }
    }
    // What holds code is code, whatever its type says: hand-written assembly often says nothing.
    if (s.type == STT_NOTYPE && s.section < sections.size()) {
      is_function = sections[s.section].flags & SHF_EXECINSTR;
    }
    out.push_back(
        {.symbol = {.name = s.name,
                    .address = static_cast<uint32_t>(rva),
                    .size = static_cast<uint32_t>(std::min<uint64_t>(s.size, UINT32_MAX - rva)),
                    .is_function = is_function},
         .end = static_cast<uint32_t>(std::min<uint64_t>(end, UINT32_MAX)),
         .binding = binding_rank(s.binding)});
  }
}

class ElfSource final : public Source {
 public:
  ElfSource(const locate::ModuleFiles& files, snapshot::Arch arch)
      : image_(files.image), symtab_(files.symtab), arch_(arch) {}

  uint32_t kinds() const override { return symtab_ ? image::kFromSymtab : 0u; }

  void add_symbols(std::vector<SymbolClaim>& out, std::deque<std::string>& made) override {
    if (symtab_) {
      // A debug file keeps the image's addresses; one without segments is measured by the image's.
      const elf::File& measure = image_ ? *image_ : *symtab_;
      collect(*symtab_, SHT_SYMTAB, measure.load_base(), arch_, out);
    }
    if (!image_) return;
    collect(*image_, SHT_DYNSYM, image_->load_base(), arch_, out);
    for (const Symbol& s : plt_symbols(*image_, arch_, made)) {
      out.push_back({.symbol = s, .end = s.address + s.size, .binding = 2});
    }
  }

 private:
  std::shared_ptr<const elf::File> image_, symtab_;
  snapshot::Arch arch_;
};

}  // namespace

std::unique_ptr<Source> open_elf_source(const locate::ModuleFiles& files, snapshot::Arch arch) {
  if (!files.image && !files.symtab) return nullptr;
  return std::make_unique<ElfSource>(files, arch);
}

}  // namespace inquest::symbols
