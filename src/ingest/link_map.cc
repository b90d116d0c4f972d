#include "ingest/link_map.h"

#include <elf.h>
#include <unordered_set>

#include "base/cursor.h"
#include "base/limits.h"

namespace inquest::ingest {
namespace {

/// The two program headers that lead from the executable to its dynamic section.
struct ProgramHeaders {
  std::optional<uint64_t> self;     ///< p_vaddr of PT_PHDR
  std::optional<uint64_t> dynamic;  ///< p_vaddr of PT_DYNAMIC
  uint64_t dynamic_size = 0;
};

ProgramHeaders read_program_headers(const snapshot::Snapshot& snapshot) {
  ProgramHeaders headers;
  auto table = snapshot.process.auxiliary(AT_PHDR);
  auto count = snapshot.process.auxiliary(AT_PHNUM);
  if (!table || !count) return headers;
  const bool is_64 = snapshot::is_64_bit(snapshot.arch);
  const uint64_t stride = is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
  constexpr uint64_t kMost = 4096;
  Bytes bytes = snapshot.memory.view(Address{*table}, std::min(*count, kMost) * stride);
  Cursor cursor{bytes, "program headers in memory"};
  while (cursor.remaining() >= stride) {
    uint32_t type = cursor.read<le32>();
    uint64_t vaddr = 0, size = 0;
    if (is_64) {
      cursor.skip(12);  // p_flags, p_offset
      vaddr = cursor.read<le64>();
      cursor.skip(16);  // p_paddr, p_filesz
      size = cursor.read<le64>();
      cursor.skip(8);  // p_align
    } else {
      cursor.skip(4);  // p_offset
      vaddr = cursor.read<le32>();
      cursor.skip(8);  // p_paddr, p_filesz
      size = cursor.read<le32>();
      cursor.skip(8);  // p_flags, p_align
    }
    if (type == PT_PHDR) headers.self = vaddr;
    if (type == PT_DYNAMIC) {
      headers.dynamic = vaddr;
      headers.dynamic_size = size;
    }
  }
  return headers;
}

/// The value of DT_DEBUG: the address of r_debug.
std::optional<Address> find_debug(const snapshot::Snapshot& snapshot, Address dynamic,
                                  uint64_t size) {
  const unsigned word = snapshot::pointer_size(snapshot.arch);
  constexpr uint64_t kMost = 1024;
  for (uint64_t i = 0; i < std::min(size / (2 * word), kMost); ++i) {
    Address entry = dynamic + i * 2 * word;
    auto tag = snapshot.memory.read_pointer(entry, word);
    if (!tag || *tag == DT_NULL) return {};
    if (*tag != DT_DEBUG) continue;
    auto value = snapshot.memory.read_pointer(entry + word, word);
    if (!value || *value == 0) return {};
    return Address{*value};
  }
  return {};
}

}  // namespace

std::optional<uint64_t> executable_bias(const snapshot::Snapshot& snapshot) {
  ProgramHeaders headers = read_program_headers(snapshot);
  auto table = snapshot.process.auxiliary(AT_PHDR);
  if (!headers.self || !table) return {};
  return *table - *headers.self;
}

std::vector<LinkedImage> read_link_map(const snapshot::Snapshot& snapshot) {
  const snapshot::Memory& memory = snapshot.memory;
  const unsigned word = snapshot::pointer_size(snapshot.arch);
  ProgramHeaders headers = read_program_headers(snapshot);
  if (!headers.dynamic) return {};
  // Without PT_PHDR the executable is one of a fixed address.
  uint64_t bias = executable_bias(snapshot).value_or(0);
  auto debug = find_debug(snapshot, Address{*headers.dynamic + bias}, headers.dynamic_size);
  if (!debug) return {};
  // struct r_debug: int version; struct link_map* map; ...
  auto next = memory.read_pointer(*debug + word, word);

  std::vector<LinkedImage> images;
  std::unordered_set<uint64_t> seen;
  while (next && *next != 0 && images.size() < kLimits.modules && seen.insert(*next).second) {
    // struct link_map: l_addr; char* l_name; l_ld; l_next; l_prev.
    Address entry{*next};
    auto load = memory.read_pointer(entry, word);
    auto name = memory.read_pointer(entry + word, word);
    auto dynamic = memory.read_pointer(entry + 2 * word, word);
    next = memory.read_pointer(entry + 3 * word, word);
    if (!load || !name || !dynamic) break;
    images.push_back({.bias = *load,
                      .name = memory.read_string(Address{*name}).value_or(""),
                      .dynamic = Address{*dynamic}});
  }
  return images;
}

}  // namespace inquest::ingest
