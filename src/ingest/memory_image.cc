#include "ingest/memory_image.h"

#include <algorithm>
#include <elf.h>

namespace inquest::ingest {
namespace {

constexpr uint64_t kPage = 4096;

/// Address of the image's file offset 0, as its own virtual address.
std::optional<uint64_t> vaddr_of_header(const std::vector<elf::Segment>& segments) {
  for (const elf::Segment& s : segments) {
    if (s.type == PT_LOAD && s.offset < kPage) return s.vaddr - s.offset;
  }
  return {};
}

/// [lowest p_vaddr, highest p_vaddr + p_memsz), to pages, moved by bias. Empty when they wrap.
AddressRange extent(const std::vector<elf::Segment>& segments, uint64_t bias) {
  uint64_t low = UINT64_MAX, high = 0;
  for (const elf::Segment& s : segments) {
    if (s.type != PT_LOAD || s.memory_size > UINT64_MAX - s.vaddr) continue;
    low = std::min(low, s.vaddr);
    high = std::max(high, s.vaddr + s.memory_size);
  }
  if (low >= high || high > UINT64_MAX - kPage) return {};
  return {Address{(low & ~(kPage - 1)) + bias},
          Address{((high + kPage - 1) & ~(kPage - 1)) + bias}};
}

std::vector<std::byte> find_build_id(const snapshot::Memory& memory, const MemoryImage& image) {
  constexpr uint64_t kLongestNotes = 4096;
  constexpr size_t kLongestId = 64;
  int tries = 8;  // images have two or three
  for (const elf::Segment& s : image.segments) {
    if (s.type != PT_NOTE) continue;
    if (tries-- == 0) break;
    Address at{s.vaddr + image.bias};
    Bytes run = memory.view(at, std::min(s.file_size, kLongestNotes));
    for (const elf::Note& note : elf::parse_notes(run, at.value, s.align)) {
      if (note.owner != ELF_NOTE_GNU || note.type != NT_GNU_BUILD_ID) continue;
      if (note.description.empty() || note.description.size() > kLongestId) continue;
      return {note.description.begin(), note.description.end()};
    }
  }
  return {};
}

}  // namespace

std::optional<snapshot::Arch> arch_of(uint16_t machine, bool is_64) {
  using snapshot::Arch;
  if (machine == EM_X86_64 && is_64) return Arch::x86_64;
  if (machine == EM_AARCH64 && is_64) return Arch::aarch64;
  if (machine == EM_386 && !is_64) return Arch::x86;
  if (machine == EM_ARM && !is_64) return Arch::arm;
  return {};
}

std::optional<MemoryImage> read_memory_image(const snapshot::Memory& memory, Address base,
                                             snapshot::Arch arch) {
  // Headers and program headers lie in the first page.
  constexpr uint64_t kHead = 2 * kPage;
  Bytes head = memory.view(base, kHead);
  if (head.size() < SELFMAG || std::memcmp(head.data(), ELFMAG, SELFMAG) != 0) return {};
  auto parsed = elf::File::parse(head, nullptr, "image in memory");
  if (!parsed) return {};
  const elf::File& file = **parsed;
  if (file.type() != ET_EXEC && file.type() != ET_DYN) return {};
  if (arch_of(file.machine(), file.is_64()) != arch) return {};
  auto header = vaddr_of_header(file.segments());
  if (!header) return {};

  MemoryImage image;
  image.type = file.type();
  image.bias = base.value - *header;
  // An executable at a fixed address is nowhere else: this is its file, mapped to be read.
  if (image.type == ET_EXEC && image.bias != 0) return {};
  image.segments = file.segments();
  image.range = extent(image.segments, image.bias);
  if (!image.range.contains(base)) return {};
  image.build_id = find_build_id(memory, image);
  return image;
}

}  // namespace inquest::ingest
