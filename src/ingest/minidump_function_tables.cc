// Unwind data of code made at run time.
// Source: MINIDUMP_FUNCTION_TABLE_DESCRIPTOR of minidumpapiset.h; RUNTIME_FUNCTION of winnt.h.
#include <algorithm>

#include "base/cursor.h"
#include "ingest/minidump_parts.h"

namespace inquest::ingest {
namespace {

struct X64Entry {
  le32 begin, end, unwind_info;
};
struct Arm64Entry {
  le32 begin, unwind;
};
static_assert(sizeof(X64Entry) == 12 && sizeof(Arm64Entry) == 8);

constexpr uint64_t kLongestArm64Function = 1 << 20;

/// Programs need not give their entries in order; look-ups do.
template <class Entry>
std::vector<Entry> sorted_entries(Bytes bytes) {
  std::vector<Entry> entries(bytes.size() / sizeof(Entry));
  Cursor cursor(bytes, "function table");
  for (Entry& entry : entries) entry = cursor.read<Entry>();
  std::ranges::stable_sort(entries, {}, [](const Entry& e) { return uint32_t{e.begin}; });
  return entries;
}

template <class Entry>
std::vector<std::byte> bytes_of_entries(const std::vector<Entry>& entries) {
  auto bytes = std::as_bytes(std::span(entries));
  return {bytes.begin(), bytes.end()};
}

/// The range by the entries themselves: writers differ in whether the descriptor's bounds count
/// from the base. Overflowing ones are no code.
std::optional<AddressRange> range_of(Address base, uint64_t begin, uint64_t end) {
  if (end <= begin || base.value > UINT64_MAX - end) return {};
  return AddressRange{base + begin, base + end};
}

std::optional<snapshot::FunctionTable> x64_table(const minidump::FunctionTable& from) {
  auto entries = sorted_entries<X64Entry>(from.entries);
  uint64_t end = 0;
  for (const X64Entry& entry : entries) end = std::max<uint64_t>(end, entry.end);
  auto range = range_of(Address{from.base}, entries.front().begin, end);
  if (!range) return {};
  return snapshot::FunctionTable{*range, Address{from.base}, bytes_of_entries(entries)};
}

/// Where the last function ends stands in its record, if at all; the descriptor knows it too.
std::optional<snapshot::FunctionTable> arm64_table(const minidump::FunctionTable& from) {
  auto entries = sorted_entries<Arm64Entry>(from.entries);
  uint64_t end = uint64_t{entries.back().begin} + kLongestArm64Function;
  auto range = range_of(Address{from.base}, entries.front().begin, end);
  if (!range) return {};
  Address told{from.end};
  if (told > range->begin && told < range->end) range->end = told;
  return snapshot::FunctionTable{*range, Address{from.base}, bytes_of_entries(entries)};
}

}  // namespace

void take_function_tables(const minidump::Dump& dump, snapshot::Snapshot& snapshot) {
  const bool is_x64 = snapshot.arch == snapshot::Arch::x86_64;
  const bool is_arm64 = snapshot.arch == snapshot::Arch::aarch64;
  if (!is_x64 && !is_arm64) return;
  const size_t entry_size = is_x64 ? sizeof(X64Entry) : sizeof(Arm64Entry);
  size_t odd = 0;
  for (const minidump::FunctionTable& from : dump.function_tables) {
    if (from.entries.size() < entry_size) continue;  // none: nothing is described
    std::optional<snapshot::FunctionTable> table;
    if (from.entry_size == entry_size) table = is_x64 ? x64_table(from) : arm64_table(from);
    if (table) {
      snapshot.function_tables.push_back(std::move(*table));
    } else {
      ++odd;
    }
  }
  std::ranges::stable_sort(snapshot.function_tables, {},
                           [](const snapshot::FunctionTable& t) { return t.range.begin; });
  if (odd == 0) return;
  snapshot.warnings.push_back(
      {fmt::format("{} of {} function tables of code made at run time make no sense", odd,
                   dump.function_tables.size()),
       "stacks through that code are found by other means; get the whole dump"});
}

}  // namespace inquest::ingest
