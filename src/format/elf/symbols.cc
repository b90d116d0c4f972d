#include <algorithm>
#include <elf.h>

#include "base/cursor.h"
#include "base/limits.h"
#include "format/elf/file.h"
#include "format/elf/layout.h"

namespace inquest::elf {
namespace {

/// A symbol table and its strings, wherever they were found.
struct Table {
  Bytes entries;
  Bytes strings;
};

std::string_view symbol_name(Bytes strings, uint64_t offset) {
  Bytes rest = clip(strings, offset, kLimits.string_bytes);
  const auto* text = reinterpret_cast<const char*>(rest.data());
  std::string_view name{text, rest.size()};
  name = name.substr(0, name.find('\0'));
  // "memcpy@@GLIBC_2.14": the version is not part of the name.
  size_t version = name.find('@');
  return version == name.npos || version == 0 ? name : name.substr(0, version);
}

template <class Layout>
std::vector<Symbol> read_symbols(const Table& table) {
  using Raw = typename Layout::Symbol;
  std::vector<Symbol> symbols;
  size_t count = table.entries.size() / sizeof(Raw);
  symbols.reserve(count);
  Cursor cursor{table.entries, "symbol table"};
  for (size_t i = 0; i < count; ++i) {
    auto raw = cursor.read<Raw>();
    symbols.push_back({.name = symbol_name(table.strings, raw.name),
                       .value = raw.value,
                       .size = raw.size,
                       .type = static_cast<uint8_t>(raw.info & 0xf),
                       .binding = static_cast<uint8_t>(raw.info >> 4),
                       .section = raw.section});
  }
  // Entry 0 is the null symbol of the format, not a symbol of the program.
  if (!symbols.empty() && symbols[0].name.empty() && symbols[0].value == 0) {
    symbols.erase(symbols.begin());
  }
  return symbols;
}

/// How many symbols a DT_GNU_HASH table speaks of: the end of the last bucket's chain.
template <class Layout>
uint64_t count_by_gnu_hash(Bytes hash) {
  Cursor cursor{hash, "DT_GNU_HASH"};
  uint32_t buckets = cursor.read<le32>();
  uint32_t first = cursor.read<le32>();
  uint32_t bloom = cursor.read<le32>();
  cursor.read<le32>();  // bloom shift
  cursor.skip(uint64_t{bloom} * sizeof(typename Layout::BloomWord));
  if (!cursor.fits(buckets, sizeof(le32))) return 0;
  uint32_t last = 0;
  for (uint32_t i = 0; i < buckets; ++i) last = std::max<uint32_t>(last, cursor.read<le32>());
  if (last < first) return first;
  cursor.skip(uint64_t{last - first} * sizeof(le32));
  // A chain ends at the first hash whose lowest bit is set.
  while (!cursor.at_end()) {
    ++last;
    if (cursor.read<le32>() & 1) break;
  }
  return cursor.failed() ? 0 : last;
}

template <class Layout>
Table dynamic_table(const File& file) {
  uint64_t symbols = 0, strings = 0, strings_size = 0, hash = 0, gnu_hash = 0;
  for (const Segment& s : file.segments()) {
    if (s.type != PT_DYNAMIC) continue;
    Cursor cursor{file.segment_data(s), "PT_DYNAMIC", s.offset};
    while (!cursor.at_end()) {
      auto entry = cursor.read<typename Layout::Dynamic>();
      if (cursor.failed() || entry.tag == DT_NULL) break;
      switch (static_cast<uint64_t>(entry.tag)) {
        case DT_SYMTAB:
          symbols = entry.value;
          break;
        case DT_STRTAB:
          strings = entry.value;
          break;
        case DT_STRSZ:
          strings_size = entry.value;
          break;
        case DT_HASH:
          hash = entry.value;
          break;
        case DT_GNU_HASH:
          gnu_hash = entry.value;
          break;
        default:
          break;
      }
    }
  }
  if (symbols == 0) return {};
  uint64_t count = 0;
  if (hash != 0) {
    Cursor cursor{file.at_vaddr(hash), "DT_HASH"};
    cursor.read<le32>();          // buckets
    count = cursor.read<le32>();  // chains, one a symbol
  }
  if (count == 0 && gnu_hash != 0) count = count_by_gnu_hash<Layout>(file.at_vaddr(gnu_hash));
  // Without either, linkers have always put the strings right after the symbols.
  if (count == 0 && strings > symbols) {
    count = (strings - symbols) / sizeof(typename Layout::Symbol);
  }
  Bytes entries = file.at_vaddr(symbols);
  uint64_t there = entries.size() / sizeof(typename Layout::Symbol);
  Table table{.entries = entries.first(std::min(count, there) * sizeof(typename Layout::Symbol)),
              .strings = file.at_vaddr(strings)};
  if (strings_size != 0) table.strings = clip(table.strings, 0, strings_size);
  return table;
}

}  // namespace

std::vector<Symbol> File::symbols(uint32_t section_type) const {
  Table table;
  const Section* found = nullptr;
  for (const Section& s : sections_) {
    if (s.type == section_type) found = &s;
  }
  if (found) {
    // Not section_data: a table that the file's end cuts still has its first entries.
    table.entries = clip(bytes_, found->offset, found->size);
    if (found->link < sections_.size() && sections_[found->link].type == SHT_STRTAB) {
      const Section& strings = sections_[found->link];
      table.strings = clip(bytes_, strings.offset, strings.size);
    }
  } else if (section_type == SHT_DYNSYM) {
    table = is_64() ? dynamic_table<Layout64>(*this) : dynamic_table<Layout32>(*this);
  }
  return is_64() ? read_symbols<Layout64>(table) : read_symbols<Layout32>(table);
}

}  // namespace inquest::elf
