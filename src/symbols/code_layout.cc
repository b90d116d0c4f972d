#include "symbols/code_layout.h"

#include <algorithm>
#include <elf.h>

namespace inquest::symbols {

CodeLayout CodeLayout::of(const locate::ModuleFiles& files) {
  CodeLayout layout;
  const elf::File* image = files.image ? files.image.get() : files.debug.get();
  if (!image && files.pe) layout.take(*files.pe);
  if (!image) return layout;
  layout.base_ = image->load_base();
  for (const elf::File* file : {image, static_cast<const elf::File*>(files.debug.get())}) {
    if (!file || !layout.parts_.empty()) continue;
    for (const elf::Section& s : file->sections()) {
      if (!(s.flags & SHF_EXECINSTR) || !(s.flags & SHF_ALLOC) || s.size == 0) continue;
      if (s.address + s.size > s.address) layout.parts_.push_back({s.address, s.address + s.size});
    }
  }
  if (layout.parts_.empty()) {
    for (const elf::Segment& s : image->segments()) {
      if (s.type != PT_LOAD || !(s.flags & PF_X)) continue;
      if (s.vaddr + s.memory_size > s.vaddr) {
        layout.parts_.push_back({s.vaddr, s.vaddr + s.memory_size});
      }
    }
  }
  std::sort(layout.parts_.begin(), layout.parts_.end(),
            [](const Part& a, const Part& b) { return a.begin < b.begin; });
  return layout;
}

void CodeLayout::take(const pe::File& image) {
  base_ = image.image_base();
  for (const pe::Section& s : image.sections()) {
    const uint64_t begin = base_ + s.rva;
    if (s.executable() && s.virtual_size && begin >= base_) {
      parts_.push_back({begin, begin + s.virtual_size});
    }
  }
  std::sort(parts_.begin(), parts_.end(),
            [](const Part& a, const Part& b) { return a.begin < b.begin; });
}

std::optional<CodeRange> CodeLayout::code(uint64_t begin, uint64_t end) const {
  if (begin >= end || begin < base_) return {};
  auto after = std::upper_bound(parts_.begin(), parts_.end(), begin,
                                [](uint64_t a, const Part& p) { return a < p.begin; });
  if (after == parts_.begin()) return {};
  const Part& part = *std::prev(after);
  if (begin >= part.end) return {};
  end = std::min(end, part.end);
  if (end - base_ > UINT32_MAX) return {};
  return CodeRange{static_cast<uint32_t>(begin - base_), static_cast<uint32_t>(end - base_)};
}

}  // namespace inquest::symbols
