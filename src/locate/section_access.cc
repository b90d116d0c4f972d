#include "locate/section_access.h"

#include <algorithm>

namespace inquest::locate {
namespace {

constexpr uint64_t kSectionPage = 0x1000;
constexpr uint32_t kExecutable = 0x20000000, kReadable = 0x40000000, kWritable = 0x80000000;

std::vector<snapshot::Region> regions_of(const snapshot::Module& module, const pe::File& image) {
  std::vector<snapshot::Region> out;
  Address at = module.range.begin;
  auto add = [&](Address begin, Address end, snapshot::Access access) {
    begin = std::max(begin, at);
    end = std::min(end, module.range.end);
    if (!(begin < end)) return;
    out.push_back({.range = {begin, end}, .access = access, .file = module.path});
    at = end;
  };
  auto sections = image.sections();
  std::ranges::sort(sections, {}, &pe::Section::rva);
  if (!sections.empty()) add(at, module.range.begin + sections[0].rva, {.read = true});
  for (const pe::Section& s : sections) {
    uint64_t size = std::max(s.virtual_size, s.file_size);
    Address begin = module.range.begin + s.rva;
    add(begin, begin + (size + kSectionPage - 1) / kSectionPage * kSectionPage,
        {.read = (s.flags & kReadable) != 0,
         .write = (s.flags & kWritable) != 0,
         .execute = (s.flags & kExecutable) != 0});
  }
  return out;
}

/// Bytes of the range that the dump itself holds.
uint64_t recorded_in(const snapshot::Memory& memory, AddressRange range) {
  const auto& pieces = memory.pieces();
  auto piece = std::partition_point(pieces.begin(), pieces.end(),
                                    [&](const auto& p) { return p.end() <= range.begin; });
  uint64_t sum = 0;
  for (; piece != pieces.end() && piece->begin < range.end; ++piece) {
    if (piece->origin != snapshot::Origin::dump) continue;
    sum += std::min(piece->end(), range.end) - std::max(piece->begin, range.begin);
  }
  return sum;
}

}  // namespace

void add_section_access(snapshot::Snapshot& snapshot, const snapshot::Module& module,
                        const pe::File& image) {
  auto& regions = snapshot.regions;
  auto first = std::partition_point(regions.begin(), regions.end(), [&](const auto& r) {
    return r.range.end <= module.range.begin;
  });
  auto last = std::partition_point(first, regions.end(),
                                   [&](const auto& r) { return r.range.begin < module.range.end; });
  for (auto r = first; r != last; ++r) {
    bool inside = module.range.begin <= r->range.begin && r->range.end <= module.range.end;
    if (r->access || !inside) return;
  }
  std::vector<snapshot::Region> more = regions_of(module, image);
  if (more.empty()) return;
  for (auto& region : more) region.recorded = recorded_in(snapshot.memory, region.range);
  auto at = regions.erase(first, last);
  regions.insert(at, more.begin(), more.end());
}

}  // namespace inquest::locate
