#include <elf.h>

#include "locate/identity.h"
#include "locate/locate.h"

namespace inquest::locate {
namespace {

constexpr uint64_t kPage = 4096;

/// A run of a file, as the kernel maps a segment: whole pages, up to the end of the file.
struct Mapped {
  Address begin;
  Bytes bytes;
};

Mapped mapped_pages(const elf::File& image, const elf::Segment& segment, uint64_t bias) {
  Bytes all = image.bytes();
  uint64_t skew = segment.vaddr % kPage;
  if (segment.offset % kPage != skew || segment.offset >= all.size()) {
    return {{segment.vaddr + bias}, image.segment_data(segment)};
  }
  uint64_t begin = segment.offset - skew;
  uint64_t length = skew + std::min<uint64_t>(segment.file_size, all.size() - segment.offset);
  length = std::min((length + kPage - 1) / kPage * kPage, all.size() - begin);
  return {{segment.vaddr - skew + bias}, all.subspan(begin, length)};
}

/// Calls add(begin, bytes) for the parts of `run` that lie in mappings which nobody could write to.
template <class Add>
void for_read_only_parts(const snapshot::Snapshot& snapshot, const Mapped& run, Add&& add) {
  Address end = run.begin + run.bytes.size();
  if (end < run.begin) return;
  auto region = std::partition_point(snapshot.regions.begin(), snapshot.regions.end(),
                                     [&](const auto& r) { return r.range.end <= run.begin; });
  Address from = run.begin;
  for (; region != snapshot.regions.end() && region->range.begin < end; ++region) {
    if (!region->access || !region->access->write) continue;
    if (from < region->range.begin) {
      add(from, run.bytes.subspan(from - run.begin, region->range.begin - from));
    }
    from = std::max(from, region->range.end);
  }
  if (from < end) add(from, run.bytes.subspan(from - run.begin));
}

void add_from(snapshot::Snapshot& snapshot, const snapshot::Module& module, const elf::File& image,
              const std::shared_ptr<const void>& owner) {
  if (check_image(snapshot, module, image).match != Match::proven) return;
  for (const elf::Segment& segment : image.segments()) {
    if (segment.type != PT_LOAD || (segment.flags & PF_W) || segment.file_size == 0) continue;
    Mapped run = mapped_pages(image, segment, module.bias);
    // Nothing outside the module's own range: a damaged file could claim anything.
    Address begin = std::max(run.begin, module.range.begin);
    Address end = std::min(run.begin + run.bytes.size(), module.range.end);
    if (!(begin < end) || run.begin + run.bytes.size() < run.begin) continue;
    run = {begin, run.bytes.subspan(begin - run.begin, end - begin)};
    for_read_only_parts(snapshot, run, [&](Address at, Bytes bytes) {
      snapshot.memory.add(at, bytes, snapshot::Origin::file, owner);
    });
  }
}

}  // namespace

void add_file_memory(snapshot::Snapshot& snapshot, const snapshot::Module& module,
                     std::shared_ptr<const elf::File> image) {
  if (image) add_from(snapshot, module, *image, image);
}

void add_file_memory(snapshot::Snapshot& snapshot, const snapshot::Module& module,
                     const elf::File& image) {
  add_from(snapshot, module, image, nullptr);
}

}  // namespace inquest::locate
