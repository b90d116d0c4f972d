#include "symbols/plt.h"

#include <algorithm>
#include <elf.h>
#include <unordered_map>

#include "base/cursor.h"

namespace inquest::symbols {
namespace {

struct Rela {
  le64 offset, info;
  sle64 addend;
};
static_assert(sizeof(Rela) == 24);

/// Which function's address each slot of the global offset table receives.
std::unordered_map<uint64_t, std::string_view> slots(const elf::File& image) {
  std::unordered_map<uint64_t, std::string_view> out;
  const std::vector<elf::Symbol> symbols = image.symbols(SHT_DYNSYM);
  // The reader leaves the null symbol out, which relocations count.
  const elf::Section* table = image.section(".dynsym");
  const bool is_whole = table && table->size / 24 == symbols.size();
  for (const char* name : {".rela.plt", ".rela.dyn"}) {
    const elf::Section* section = image.section(name);
    if (!section || section->type != SHT_RELA) continue;
    Bytes raw = image.section_data(name);
    Cursor cursor(raw, "relocations");
    for (uint64_t n = raw.size() / sizeof(Rela); n-- > 0;) {
      auto rela = cursor.read<Rela>();
      uint64_t type = ELF64_R_TYPE(uint64_t{rela.info}), index = ELF64_R_SYM(uint64_t{rela.info});
      bool jump = image.machine() == EM_X86_64
                      ? type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT
                      : type == R_AARCH64_JUMP_SLOT || type == R_AARCH64_GLOB_DAT;
      if (!is_whole) --index;
      if (jump && index < symbols.size() && !symbols[index].name.empty()) {
        out.emplace(rela.offset, symbols[index].name);
      }
    }
  }
  return out;
}

/// `jmp *disp(%rip)`, behind endbr64 or a bnd prefix: the slot that it reads.
std::optional<uint64_t> x64_slot(Bytes entry, uint64_t address) {
  for (size_t i = 0; i + 6 <= entry.size() && i < 6; ++i) {
    if (entry[i] != std::byte{0xff} || entry[i + 1] != std::byte{0x25}) continue;
    auto displacement = Cursor(entry.subspan(i + 2)).read<sle32>();
    return address + i + 6 + static_cast<uint64_t>(int64_t{displacement});
  }
  return {};
}

/// `adrp x16, page; ldr x17, [x16, #low]`, behind bti: the slot that it reads.
std::optional<uint64_t> arm64_slot(Bytes entry, uint64_t address) {
  Cursor cursor(entry);
  for (uint64_t i = 0; i + 8 <= entry.size() && i < 8; i += 4) {
    uint32_t adrp = cursor.read<le32>();
    if ((adrp & 0x9f00001f) != 0x90000010) continue;
    uint32_t ldr = cursor.read<le32>();
    if ((ldr & 0xffc003ff) != 0xf9400211) return {};
    uint64_t pages = ((adrp >> 5 & 0x7ffff) << 2) | (adrp >> 29 & 3);
    if (pages & (1u << 20)) pages |= ~uint64_t{0x1fffff};
    return ((address + i) & ~uint64_t{0xfff}) + (pages << 12) + (ldr >> 10 & 0xfff) * 8;
  }
  return {};
}

}  // namespace

std::vector<Symbol> plt_symbols(const elf::File& image, snapshot::Arch arch,
                                std::deque<std::string>& names) {
  std::vector<Symbol> out;
  if (arch != snapshot::Arch::x86_64 && arch != snapshot::Arch::aarch64) return out;
  const bool x64 = arch == snapshot::Arch::x86_64;
  const auto targets = slots(image);
  if (targets.empty()) return out;
  for (const char* name : {".plt.sec", ".plt", ".plt.got"}) {
    const elf::Section* section = image.section(name);
    if (!section) continue;
    Bytes code = image.section_data(name);
    // Lazy entries are 16 bytes; those of .plt.got may be 8.
    const uint64_t stride = x64 && section->entry_size == 8 ? 8 : 16;
    for (uint64_t at = 0; at + 8 <= code.size(); at += stride) {
      Bytes entry = code.subspan(at, std::min<uint64_t>(stride, code.size() - at));
      uint64_t address = section->address + at;
      auto slot = x64 ? x64_slot(entry, address) : arm64_slot(entry, address);
      auto target = slot ? targets.find(*slot) : targets.end();
      if (target == targets.end()) continue;
      names.push_back(std::string(target->second) + "@plt");
      out.push_back({.name = names.back(),
                     .address = static_cast<uint32_t>(address - image.load_base()),
                     .size = static_cast<uint32_t>(stride),
                     .is_function = true});
    }
  }
  return out;
}

}  // namespace inquest::symbols
