#include "objects/references/image_segments.h"

#include <algorithm>
#include <cstring>

namespace inquest::objects {

std::vector<Elf64_Phdr> image_segments(const snapshot::Memory& memory,
                                       const snapshot::Module& module) {
  constexpr unsigned kMost = 64;
  auto head = memory.read<Elf64_Ehdr>(module.range.begin);
  if (!head || std::memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
      head->e_ident[EI_CLASS] != ELFCLASS64)
    return {};
  std::vector<Elf64_Phdr> segments;
  for (unsigned i = 0; i < std::min<unsigned>(head->e_phnum, kMost); ++i) {
    const Address at = module.range.begin + head->e_phoff + i * sizeof(Elf64_Phdr);
    if (auto segment = memory.read<Elf64_Phdr>(at)) segments.push_back(*segment);
  }
  return segments;
}

std::optional<Address> image_end(const snapshot::Memory& memory, const snapshot::Module& module) {
  constexpr uint64_t kPage = 4096;
  uint64_t end = 0;
  for (const Elf64_Phdr& segment : image_segments(memory, module)) {
    if (segment.p_type != PT_LOAD) continue;
    const uint64_t last = segment.p_vaddr + segment.p_memsz;
    if (last >= segment.p_vaddr) end = std::max(end, last);
  }
  end += module.bias;
  // Of damaged headers nothing is believed.
  if (end <= module.range.begin.value || end > UINT64_MAX - kPage) return {};
  return Address{(end + kPage - 1) & ~(kPage - 1)};
}

}  // namespace inquest::objects
