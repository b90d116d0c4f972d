#include "unwind/cfi/index.h"

#include <algorithm>
#include <unordered_map>

namespace inquest::unwind {

FdeIndex::FdeIndex(FrameSection section, Bytes header, uint64_t header_vaddr) : section_(section) {
  if (!header.empty()) open_table(header, header_vaddr);
}

void FdeIndex::open_table(Bytes header, uint64_t vaddr) {
  table_ = {
      .bytes = header, .vaddr = vaddr, .pointer_size = section_.pointer_size, .data_base = vaddr};
  Cursor cursor(header, ".eh_frame_hdr");
  auto version = static_cast<uint8_t>(cursor.read<u8>());
  auto frame_encoding = static_cast<uint8_t>(cursor.read<u8>());
  auto count_encoding = static_cast<uint8_t>(cursor.read<u8>());
  encoding_ = static_cast<uint8_t>(cursor.read<u8>());
  read_pointer(cursor, frame_encoding, table_);
  auto count = read_pointer(cursor, count_encoding, table_);
  auto width = pointer_width(encoding_, table_.pointer_size);
  if (version != 1 || !count || !width || encoding_ == pointer::omit) return;
  if ((encoding_ & pointer::indirect) || !cursor.fits(*count, uint64_t{*width} * 2)) return;
  width_ = *width;
  table_offset_ = cursor.position();
  count_ = *count;
}

uint64_t FdeIndex::table_value(uint64_t entry, unsigned field) const {
  Cursor cursor(table_.bytes);
  cursor.seek(table_offset_ + (entry * 2 + field) * width_);
  return read_pointer(cursor, encoding_, table_).value_or(0);
}

std::optional<FdeWithCie> FdeIndex::find(uint64_t vaddr) const {
  if (section_.bytes.empty()) return {};
  return count_ ? find_in_table(vaddr) : find_in_scan(vaddr);
}

std::optional<FdeWithCie> FdeIndex::find_in_table(uint64_t vaddr) const {
  uint64_t low = 0,
           high = count_;  // the last entry that begins at or before vaddr is in [low-1, high)
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    if (table_value(middle, 0) <= vaddr) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) return {};
  auto found = read_fde(section_, table_value(low - 1, 1) - section_.vaddr);
  // An entry that leads nowhere means that the table cannot be relied on.
  if (!found || found->fde.begin != table_value(low - 1, 0)) return find_in_scan(vaddr);
  if (!found->fde.contains(vaddr)) return {};
  return *found;
}

std::optional<FdeWithCie> FdeIndex::find_in_scan(uint64_t vaddr) const {
  std::call_once(scanned_, [this] { scan(); });
  auto after = std::partition_point(ranges_.begin(), ranges_.end(),
                                    [&](const Range& r) { return r.begin <= vaddr; });
  // Ranges of dropped functions may lie over others; a few steps back are enough to pass them.
  for (int back = 0; back < 8 && after != ranges_.begin(); ++back) {
    --after;
    if (vaddr >= after->end) continue;
    auto found = read_fde(section_, after->fde);
    if (found) return *found;
  }
  return {};
}

void FdeIndex::scan() const {
  // CIEs are shared by many FDEs: each is read once. A damaged one takes its FDEs with it.
  std::unordered_map<uint64_t, Cie> cies;
  uint64_t offset = 0;
  while (offset < section_.bytes.size()) {
    auto header = read_header(section_, offset);
    if (!header) break;
    offset = header->end;
    if (header->is_end_mark || header->is_cie) continue;
    auto cie = cies.find(header->cie);
    if (cie == cies.end()) {
      auto read = read_cie(section_, header->cie);
      if (!read) continue;
      cie = cies.emplace(header->cie, *read).first;
    }
    auto fde = read_fde(section_, *header, cie->second);
    if (!fde || fde->begin >= fde->end) continue;
    ranges_.push_back({fde->begin, fde->end, fde->offset});
  }
  std::stable_sort(ranges_.begin(), ranges_.end(),
                   [](const Range& a, const Range& b) { return a.begin < b.begin; });
}

}  // namespace inquest::unwind
