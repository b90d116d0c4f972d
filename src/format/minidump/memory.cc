// The process's memory: the lists of what the file holds of it, and the system's map of it.
#include "base/limits.h"
#include "format/minidump/reader.h"

namespace inquest::minidump {
namespace {

std::string in_megabytes(uint64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

/// What a list claims against what the file holds.
struct Tally {
  uint64_t ranges = 0, cut = 0, missing = 0;
  void add(const MemoryRange& range) {
    ++ranges;
    uint64_t gap = range.size - range.bytes.size();
    if (gap == 0) return;
    ++cut;
    missing = gap > UINT64_MAX - missing ? UINT64_MAX : missing + gap;
  }
  void tell(Reader& reader) const {
    if (cut == 0) return;
    reader.damage(fmt::format("is cut: {} of {} memory ranges are missing or partial, {} in all",
                              cut, ranges, in_megabytes(missing)),
                  "get the whole dump; check the disk's free space where it was written");
  }
};

}  // namespace

void read_memory(Reader& reader, Bytes stream) {
  List list = counted_list(reader, stream, sizeof(raw::Memory), kLimits.regions);
  auto& memory = reader.dump.memory;
  memory.reserve(memory.size() + list.count);
  Tally tally;
  for (uint64_t i = 0; i < list.count; ++i) {
    memory.push_back(reader.memory(list.get<raw::Memory>(i)));
    tally.add(memory.back());
  }
  tally.tell(reader);
}

/// count (64 bits), the file offset of the first range's bytes; then address and size of each,
/// whose bytes follow one another.
void read_memory64(Reader& reader, Bytes stream) {
  Cursor cursor{stream};
  uint64_t count = cursor.read<le64>();
  uint64_t offset = cursor.read<le64>();
  uint64_t there = cursor.remaining() / sizeof(raw::Memory64);
  if (cursor.failed() || count > std::min<uint64_t>(there, kLimits.regions)) {
    reader.damage(fmt::format("claims {} ranges, of which {} fit", count, there));
    count = std::min<uint64_t>({count, there, kLimits.regions});
  }
  auto& memory = reader.dump.memory;
  memory.reserve(memory.size() + count);
  Tally tally;
  for (uint64_t i = 0; i < count; ++i) {
    auto raw = cursor.read<raw::Memory64>();
    memory.push_back(
        {.address = raw.address, .size = raw.size, .bytes = reader.at(offset, raw.size)});
    tally.add(memory.back());
    // Past the end of the file nothing comes any more, whatever the sizes add up to.
    offset = raw.size > UINT64_MAX - offset ? UINT64_MAX : offset + raw.size;
  }
  tally.tell(reader);
}

void read_memory_infos(Reader& reader, Bytes stream) {
  List list = sized_list(reader, stream, 8, sizeof(raw::MemoryInfo), kLimits.regions);
  reader.dump.memory_infos.reserve(list.count);
  for (uint64_t i = 0; i < list.count; ++i) {
    auto raw = list.get<raw::MemoryInfo>(i);
    reader.dump.memory_infos.push_back({.base = raw.base,
                                        .size = raw.size,
                                        .allocation_base = raw.allocation_base,
                                        .allocation_protect = raw.allocation_protect,
                                        .state = raw.state,
                                        .protect = raw.protect,
                                        .type = raw.type});
  }
}

}  // namespace inquest::minidump
