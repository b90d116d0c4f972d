#include "ingest/core_memory.h"

#include <algorithm>
#include <elf.h>
#include <utility>

namespace inquest::ingest {
namespace {

using snapshot::Region;
using snapshot::Snapshot;

/// A segment as the core has it: what it maps and what of its bytes is there.
struct Piece {
  AddressRange range;
  Bytes bytes;
  uint32_t flags = 0;
};

/// What the segments claim against what the file holds.
struct Extent {
  uint64_t end = 0;      ///< where the last segment's bytes would end
  uint64_t missing = 0;  ///< bytes past the end of the file
  size_t cut_segments = 0;
  size_t recorded_segments = 0;  ///< those that claim any bytes
};

std::vector<Piece> pieces_of(const elf::File& core, Extent& extent) {
  std::vector<Piece> pieces;
  for (const elf::Segment& s : core.segments()) {
    if (s.type != PT_LOAD) continue;
    uint64_t claimed = std::min(s.file_size, s.memory_size);
    Bytes bytes = core.segment_data(s);
    if (bytes.size() > claimed) bytes = bytes.first(claimed);
    if (claimed != 0) {
      ++extent.recorded_segments;
      uint64_t end = claimed > UINT64_MAX - s.offset ? UINT64_MAX : s.offset + claimed;
      extent.end = std::max(extent.end, end);
      extent.missing += std::min(claimed - bytes.size(), UINT64_MAX - extent.missing);
      if (bytes.size() < claimed) ++extent.cut_segments;
    }
    uint64_t room = UINT64_MAX - s.vaddr;
    Address begin{s.vaddr};
    AddressRange range{begin, begin + std::min(s.memory_size, room)};
    if (!range.empty()) pieces.push_back({.range = range, .bytes = bytes, .flags = s.flags});
  }
  std::ranges::sort(pieces, {}, [](const Piece& p) {
    return std::pair(p.range.begin, p.bytes.data());  // the file's order where they begin alike
  });
  return pieces;
}

snapshot::Access access_of(uint32_t flags) {
  return {
      .read = (flags & PF_R) != 0, .write = (flags & PF_W) != 0, .execute = (flags & PF_X) != 0};
}

/// The mapping that holds `at`; null when none. `files` is ascending.
const FileMapping* mapping_at(const std::vector<FileMapping>& files, Address at) {
  auto after = std::ranges::partition_point(
      files, [&](const FileMapping& m) { return m.range.begin <= at; });
  if (after == files.begin()) return nullptr;
  const FileMapping& before = *(after - 1);
  return before.range.contains(at) ? &before : nullptr;
}

/// A million segments may all lie in one mapping of a long name: past the budget they go without.
class NameBudget {
 public:
  std::string take(std::string_view name) {
    if (name.size() > left_) return {};
    left_ -= name.size();
    return std::string(name);
  }

 private:
  uint64_t left_ = 128 << 20;
};

/// Mappings that the core has no segment for: device memory, or what MADV_DONTDUMP left out.
void add_unrecorded_mappings(const std::vector<FileMapping>& files, NameBudget& names,
                             std::vector<Region>& regions) {
  std::vector<Region> more;
  size_t next = 0;
  Address covered{0};
  for (const FileMapping& mapping : files) {
    Address at = std::max(mapping.range.begin, covered);
    while (next < regions.size() && regions[next].range.end <= at) ++next;
    size_t r = next;
    while (at < mapping.range.end) {
      Address end = mapping.range.end;
      if (r < regions.size()) end = std::min(end, regions[r].range.begin);
      if (at < end) {
        more.push_back({.range = {at, end},
                        .file = names.take(mapping.path),
                        .file_offset = FileOffset{mapping.offset + (at - mapping.range.begin)}});
      }
      if (r >= regions.size()) break;
      at = std::max(at, regions[r++].range.end);
    }
    covered = std::max(covered, mapping.range.end);
  }
  if (more.empty()) return;
  regions.insert(regions.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
  std::ranges::sort(regions, {}, [](const Region& r) { return r.range.begin; });
}

void warn_of_cut(const elf::File& core, const Extent& extent, Snapshot& snapshot) {
  for (const elf::Segment& s : core.segments()) {
    if (s.type != PT_NOTE || core.segment_data(s).size() >= s.file_size) continue;
    snapshot.complete = false;
    snapshot.warnings.push_back(
        {fmt::format("the core's notes are cut: {} of {} bytes are there",
                     core.segment_data(s).size(), s.file_size),
         "threads and names of mapped files may be missing; get the whole core"});
  }
  if (extent.missing == 0) return;
  snapshot.complete = false;
  snapshot.warnings.push_back(
      {fmt::format("core is cut at {} of {}; {} of {} memory ranges are missing or partial",
                   in_megabytes(core.bytes().size()), in_megabytes(extent.end), extent.cut_segments,
                   extent.recorded_segments),
       "check `ulimit -c`, the disk's free space and systemd-coredump's ProcessSizeMax"});
}

}  // namespace

std::string in_megabytes(uint64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

void read_core_memory(const elf::File& core, const CoreNotes& notes,
                      std::shared_ptr<const MappedFile> file, Snapshot& snapshot) {
  Extent extent;
  Address covered{0};
  NameBudget names;
  for (Piece& piece : pieces_of(core, extent)) {
    // Overlapping segments are damage; the lower one keeps what it has.
    if (piece.range.begin < covered) {
      uint64_t skip = covered - piece.range.begin;
      piece.bytes = piece.bytes.subspan(std::min<uint64_t>(skip, piece.bytes.size()));
      piece.range.begin = covered;
    }
    if (piece.range.empty()) continue;
    covered = piece.range.end;
    Region region{.range = piece.range,
                  .access = access_of(piece.flags),
                  .recorded = std::min<uint64_t>(piece.bytes.size(), piece.range.size())};
    const FileMapping* mapping = mapping_at(notes.files, region.range.begin);
    if (mapping) {
      region.file = names.take(mapping->path);
      region.file_offset =
          FileOffset{mapping->offset + (region.range.begin - mapping->range.begin)};
    }
    snapshot.memory.add(region.range.begin, piece.bytes.first(region.recorded),
                        snapshot::Origin::dump, file);
    snapshot.regions.push_back(std::move(region));
  }
  add_unrecorded_mappings(notes.files, names, snapshot.regions);
  warn_of_cut(core, extent, snapshot);
}

}  // namespace inquest::ingest
