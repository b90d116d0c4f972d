// The map of the address space, the list of memory, handles.
#include <algorithm>

#include "cut/streams.h"

namespace inquest::cut {
namespace {

using snapshot::Os;
using snapshot::Region;
using snapshot::Snapshot;

constexpr uint32_t kMemoryList = 5, kHandleData = 12, kMemoryInfoList = 16, kLinuxMaps = 0x47670009;

/// "7f69-7f6a r-xp 00000000 00:00 0   /lib/libm.so"; '?' where rights are not known.
std::string map_line(const Region& region) {
  auto letter = [&](bool has, char c) { return !region.access ? '?' : has ? c : '-'; };
  snapshot::Access access = region.access.value_or(snapshot::Access{});
  std::string line = fmt::format(
      "{:08x}-{:08x} {}{}{}{} {:08x} 00:00 0", region.range.begin.value, region.range.end.value,
      letter(access.read, 'r'), letter(access.write, 'w'), letter(access.execute, 'x'),
      region.shared ? 's' : 'p', region.file_offset.value_or(FileOffset{0}).value);
  if (!region.file.empty()) line += "                  " + region.file;
  std::ranges::replace(line, '\n', '?');
  return line + "\n";
}

void put_maps(DumpFile& file, const Snapshot& snapshot) {
  std::string text, unsure;
  for (const Region& region : snapshot.regions) {
    // What the dump held outside the map is told by the memory list.
    if (!region.access && region.file.empty()) continue;
    (region.access ? text : unsure) += map_line(region);
  }
  // Other readers stop at a line that they do not know: these come last.
  text += unsure;
  if (!text.empty()) file.stream(kLinuxMaps, text);
}

/// PAGE_* of winnt.h.
uint32_t protection(const Region& region) {
  constexpr uint32_t kGuard = 0x100, kReadWrite = 4;
  if (region.file == "[guard]") return kGuard | kReadWrite;
  snapshot::Access access = region.access.value_or(snapshot::Access{});
  if (access.execute) return access.write ? 0x40 : access.read ? 0x20 : 0x10;
  return access.write ? kReadWrite : access.read ? 0x02 : 0x01;
}

void put_memory_info(DumpFile& file, const Snapshot& snapshot) {
  constexpr uint32_t kHeader = 16, kEntry = 48, kCommit = 0x1000, kReserve = 0x2000;
  constexpr uint32_t kImage = 0x1000000, kMapped = 0x40000, kPrivate = 0x20000;
  ByteWriter list;
  uint64_t count = 0;
  for (const Region& region : snapshot.regions) {
    if (!region.access) continue;
    bool is_reserved = region.file == "[reserved]";
    const snapshot::Module* module = snapshot.module_at(region.range.begin);
    bool is_image = module && region.file == module->path && !region.file.empty();
    uint64_t base = is_image ? module->range.begin.value : region.range.begin.value;
    list.u64(region.range.begin.value).u64(base).u32(protection(region)).u32(0);
    list.u64(region.range.size()).u32(is_reserved ? kReserve : kCommit);
    list.u32(is_reserved ? 0 : protection(region));
    list.u32(region.shared ? kMapped : is_image ? kImage : kPrivate).u32(0);
    ++count;
  }
  if (count == 0) return;
  ByteWriter out;
  out.u32(kHeader).u32(kEntry).u64(count).bytes(list.view());
  file.stream(kMemoryInfoList, out.view());
}

}  // namespace

void put_regions(DumpFile& file, const Snapshot& snapshot) {
  auto space = snapshot.annotations.find("address_space");
  if (space != snapshot.annotations.end() && space->second == "partial") return;
  if (snapshot.os == Os::linux) {
    put_maps(file, snapshot);
  } else {
    put_memory_info(file, snapshot);
  }
}

void put_memory_list(DumpFile& file, const std::vector<PutMemory>& memory) {
  ByteWriter list;
  list.u32(memory.size());
  for (const PutMemory& run : memory) {
    list.u64(run.range.begin.value).u32(run.range.size()).u32(run.offset);
  }
  file.stream(kMemoryList, list.view());
}

void put_handles(DumpFile& file, const Snapshot& snapshot) {
  if (snapshot.handles.empty()) return;
  constexpr uint32_t kHeader = 16, kEntry = 32;
  ByteWriter list;
  list.u32(kHeader).u32(kEntry).u32(snapshot.handles.size()).u32(0);
  for (const auto& handle : snapshot.handles) {
    uint32_t type = handle.type.empty() ? 0 : file.put_string(handle.type);
    uint32_t name = handle.name.empty() ? 0 : file.put_string(handle.name);
    list.u64(handle.value).u32(type).u32(name).u32(0).u32(handle.granted_access).u32(0).u32(0);
  }
  file.stream(kHandleData, list.view());
}

}  // namespace inquest::cut
