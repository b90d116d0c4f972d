#include "locate/identity.h"

#include <algorithm>
#include <elf.h>

#include "locate/store_layout.h"

namespace inquest::locate {
namespace {

constexpr uint64_t kIdentityPage = 4096;
constexpr uint64_t kLargestPage = 65536;  // of AArch64 kernels
/// Of each segment's dumped bytes, so many are compared at most: enough to tell builds apart.
constexpr uint64_t kComparedBytes = 1 << 20;
/// The ELF header, the program headers and the first of the hash and symbol tables: two builds that
/// agree on so much have the same layout and interface.
constexpr uint64_t kProvingBytes = 1024;

uint16_t machine_of(snapshot::Arch arch) {
  switch (arch) {
    case snapshot::Arch::x86_64:
      return EM_X86_64;
    case snapshot::Arch::aarch64:
      return EM_AARCH64;
    case snapshot::Arch::x86:
      return EM_386;
    case snapshot::Arch::arm:
      return EM_ARM;
  }
  return EM_NONE;
}

uint64_t round_up(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }

/// The mapping ends between the end of the file's bytes and the end of .bss.
bool layout_fits(const snapshot::Module& module, const elf::File& file) {
  uint64_t file_end = 0, memory_end = 0;
  for (const elf::Segment& s : file.segments()) {
    if (s.type != PT_LOAD) continue;
    file_end = std::max(file_end, s.vaddr + s.file_size);
    memory_end = std::max(memory_end, s.vaddr + s.memory_size);
  }
  uint64_t base = file.load_base();
  uint64_t size = module.range.size();
  if (memory_end <= base) return false;
  return round_up(size, kLargestPage) >= (file_end - base) / kIdentityPage * kIdentityPage &&
         size <= round_up(memory_end - base, kLargestPage);
}

struct Comparison {
  uint64_t equal = 0;
  bool differs = false;
};

/// The bytes that the dump itself has of the segments that nobody writes to.
Comparison compare_bytes(const snapshot::Snapshot& snapshot, const snapshot::Module& module,
                         const elf::File& file) {
  Comparison result;
  for (const elf::Segment& s : file.segments()) {
    if (s.type != PT_LOAD || (s.flags & PF_W)) continue;
    Bytes in_file = file.segment_data(s);
    Address at{s.vaddr + module.bias};
    uint64_t left = std::min<uint64_t>(in_file.size(), kComparedBytes);
    Address end = at + left;
    if (end < at) continue;  // a segment of a damaged file may wrap
    const auto& pieces = snapshot.memory.pieces();
    auto piece = std::partition_point(pieces.begin(), pieces.end(),
                                      [&](const auto& p) { return p.end() <= at; });
    for (; piece != pieces.end() && piece->begin < end; ++piece) {
      if (piece->origin != snapshot::Origin::dump) continue;
      Address from = std::max(piece->begin, at);
      uint64_t n = std::min(piece->end(), end) - from;
      if (std::memcmp(piece->bytes.data() + (from - piece->begin), in_file.data() + (from - at),
                      n) != 0) {
        result.differs = true;
        return result;
      }
      result.equal += n;
    }
  }
  return result;
}

const elf::Section* stored_section(const elf::File& file, std::string_view name) {
  const elf::Section* section = file.section(name);
  return section && section->type != SHT_NOBITS && section->size ? section : nullptr;
}

}  // namespace

std::string hex(Bytes bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  for (std::byte b : bytes) {
    text += kHexDigits[static_cast<size_t>(b >> 4)];
    text += kHexDigits[static_cast<size_t>(b & std::byte{0xf})];
  }
  return text;
}

Check check_image(const snapshot::Snapshot& snapshot, const snapshot::Module& module,
                  const elf::File& candidate) {
  if (candidate.machine() != machine_of(snapshot.arch)) {
    return {Match::refused, "is of another processor"};
  }
  if (candidate.type() != ET_EXEC && candidate.type() != ET_DYN) {
    return {Match::refused, "is no executable or shared library"};
  }
  Bytes wanted = module.identity.build_id;
  Bytes found = candidate.build_id();
  if (!wanted.empty()) {
    if (std::ranges::equal(wanted, found)) return {Match::proven};
    if (found.empty()) return {Match::refused, "has no build id"};
    return {Match::refused, "has build id " + hex(found)};
  }
  if (module.identity.debug_id && !found.empty()) {
    // Writers before Breakpad's "BpEL" record made a GUID of the build id's first half.
    if (same_id(*module.identity.debug_id, breakpad_id(found))) return {Match::proven};
    return {Match::refused, "has Breakpad id " + breakpad_id(found)};
  }
  if (!layout_fits(module, candidate)) return {Match::refused, "does not fit what was mapped"};
  Comparison bytes = compare_bytes(snapshot, module, candidate);
  if (bytes.differs) return {Match::refused, "differs from the bytes in the dump"};
  if (bytes.equal >= kProvingBytes) return {Match::proven};
  return {Match::plausible, "not verified: the dump has no build id of it"};
}

Check check_debug(Bytes wanted, const elf::File* image, const elf::File& candidate) {
  if (image && candidate.machine() != image->machine()) {
    return {Match::refused, "is of another processor"};
  }
  Bytes found = candidate.build_id();
  if (!wanted.empty()) {
    if (std::ranges::equal(wanted, found)) return {Match::proven};
    if (found.empty()) return {Match::refused, "has no build id"};
    return {Match::refused, "has build id " + hex(found)};
  }
  if (!image) return {Match::plausible, "not verified: the dump has no build id of it"};
  auto code_segments = [](const elf::File& file) {
    std::vector<std::pair<uint64_t, uint64_t>> all;
    for (const elf::Segment& s : file.segments()) {
      if (s.type == PT_LOAD && (s.flags & PF_X)) all.emplace_back(s.vaddr, s.memory_size);
    }
    return all;
  };
  if (code_segments(*image) != code_segments(candidate)) {
    return {Match::refused, "has other code than the image"};
  }
  return {Match::plausible, "not verified: neither has a build id"};
}

bool has_debug_info(const elf::File& file) { return stored_section(file, ".debug_info"); }

bool has_symbol_table(const elf::File& file) {
  return std::ranges::any_of(
      file.sections(), [](const elf::Section& s) { return s.type == SHT_SYMTAB && s.size > 0; });
}

bool has_code(const elf::File& file) {
  if (file.type() != ET_EXEC && file.type() != ET_DYN) return false;
  // `objcopy --only-keep-debug` leaves the program headers as they were: the sections tell.
  bool stored = false, has_alloc_code = false;
  for (const elf::Section& s : file.sections()) {
    if (!(s.flags & SHF_EXECINSTR)) continue;
    has_alloc_code = true;
    stored |= s.type != SHT_NOBITS;
  }
  if (has_alloc_code) return stored;
  return std::ranges::any_of(file.segments(), [](const elf::Segment& s) {
    return s.type == PT_LOAD && (s.flags & PF_X) && s.file_size > 0;
  });
}

bool exports_functions(const elf::File& file) {
  return std::ranges::any_of(file.symbols(SHT_DYNSYM), [](const elf::Symbol& s) {
    return s.section != SHN_UNDEF && (s.type == STT_FUNC || s.type == STT_GNU_IFUNC);
  });
}

}  // namespace inquest::locate
