#include "symbols/symbol_table.h"

#include <algorithm>
#include <elf.h>
#include <numeric>

#include "symbols/plt.h"

namespace inquest::symbols {
namespace {

struct Candidate {
  ElfSymbol symbol;
  uint32_t end = 0;     ///< of the section, for symbols without size
  uint8_t binding = 0;  ///< 0 global, 1 weak, 2 local
};

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
             std::vector<Candidate>& out) {
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

size_t leading_underscores(std::string_view name) {
  return std::min(name.find_first_not_of('_'), name.size());
}

/// Whether `a` names an address better than `b`, both of one kind (sized or not).
bool better(const Candidate& a, const Candidate& b) {
  if (a.symbol.address != b.symbol.address) return a.symbol.address > b.symbol.address;
  if (a.symbol.is_function != b.symbol.is_function) return a.symbol.is_function;
  if (a.binding != b.binding) return a.binding < b.binding;
  size_t under_a = leading_underscores(a.symbol.name), under_b = leading_underscores(b.symbol.name);
  if (under_a != under_b) return under_a < under_b;
  return a.symbol.name < b.symbol.name;
}

}  // namespace

const ElfSymbol* SymbolTable::at(uint32_t rva) const {
  const Interval* range = symbols::find(ranges, rva);
  return range ? &symbols[range->owner] : nullptr;
}

const ElfSymbol* SymbolTable::find(std::string_view name) const {
  for (const ElfSymbol& s : symbols) {
    if (s.name == name) return &s;
  }
  return nullptr;
}

SymbolTable read_symbol_table(const locate::ModuleFiles& files, snapshot::Arch arch) {
  SymbolTable table;
  std::vector<Candidate> all;
  const elf::File* image = files.image.get();
  if (files.symtab) {
    // A debug file keeps the image's addresses; one without segments is measured by the image's.
    const elf::File& measure = image ? *image : *files.symtab;
    collect(*files.symtab, SHT_SYMTAB, measure.load_base(), arch, all);
    table.has_symtab = !all.empty();
  }
  if (image) {
    collect(*image, SHT_DYNSYM, image->load_base(), arch, all);
    for (const ElfSymbol& s : plt_symbols(*image, arch, table.made)) {
      all.push_back({.symbol = s, .end = s.address + s.size, .binding = 2});
    }
  }

  // .dynsym repeats .symtab.
  std::sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) {
    if (a.binding != b.binding) return a.binding < b.binding;
    if (a.symbol.address != b.symbol.address) return a.symbol.address < b.symbol.address;
    return a.symbol.name < b.symbol.name;
  });
  all.erase(std::unique(all.begin(), all.end(),
                        [](const Candidate& a, const Candidate& b) {
                          return a.symbol.address == b.symbol.address &&
                                 a.symbol.name == b.symbol.name;
                        }),
            all.end());

  std::vector<uint32_t> order(all.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    bool sized_a = all[a].symbol.size != 0, sized_b = all[b].symbol.size != 0;
    if (sized_a != sized_b) return sized_a;
    return better(all[a], all[b]);
  });
  // Where the next symbol begins, for those without size.
  std::vector<uint32_t> begins;
  begins.reserve(all.size());
  for (const Candidate& c : all) begins.push_back(c.symbol.address);
  std::sort(begins.begin(), begins.end());
  std::vector<Interval> claims;
  claims.reserve(all.size());
  for (uint32_t rank = 0; rank < order.size(); ++rank) {
    const Candidate& c = all[order[rank]];
    uint32_t end = c.symbol.address + c.symbol.size;
    if (c.symbol.size == 0) {
      auto next = std::upper_bound(begins.begin(), begins.end(), c.symbol.address);
      end = next == begins.end() ? c.end : std::min(*next, c.end);
    }
    claims.push_back({c.symbol.address, end, rank});
  }
  table.ranges = flatten(std::move(claims));
  for (Interval& range : table.ranges) range.owner = order[range.owner];
  table.symbols.reserve(all.size());
  for (const Candidate& c : all) table.symbols.push_back(c.symbol);
  return table;
}

}  // namespace inquest::symbols
