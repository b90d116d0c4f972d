// Memory, and the map of the address space: as the system told it, or as far as the dump goes.
#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "ingest/minidump_parts.h"
#include "ingest/proc_text.h"

namespace inquest::ingest {
namespace {

using minidump::MemoryInfo;
using minidump::MemoryRange;
using snapshot::Access;
using snapshot::Module;
using snapshot::Region;
using snapshot::Snapshot;

/// PAGE_* of winnt.h.
Access access_of_protection(uint32_t protect) {
  constexpr uint32_t kReadable = 0x02 | 0x04 | 0x08 | 0x20 | 0x40 | 0x80;
  constexpr uint32_t kWritable = 0x04 | 0x08 | 0x40 | 0x80;
  constexpr uint32_t kExecutable = 0x10 | 0x20 | 0x40 | 0x80;
  if (protect & minidump::kPageGuard) return {};
  return {.read = (protect & kReadable) != 0,
          .write = (protect & kWritable) != 0,
          .execute = (protect & kExecutable) != 0};
}

/// A million regions may all lie in one module of a long name: past the budget they go without.
class MinidumpNameBudget {
 public:
  std::string take(std::string_view name) {
    if (name.size() > left_) return {};
    left_ -= name.size();
    return std::string(name);
  }

 private:
  uint64_t left_ = 64 << 20;
};

/// Appends ascending ranges; what is covered already is cut off.
class RegionList {
 public:
  void add(Region region) {
    region.range.begin = std::max(region.range.begin, covered_);
    if (region.range.empty()) return;
    covered_ = region.range.end;
    regions_.push_back(std::move(region));
  }
  std::vector<Region> take() { return std::move(regions_); }

 private:
  std::vector<Region> regions_;
  Address covered_{0};
};

AddressRange range_of(uint64_t begin, uint64_t size) {
  return {Address{begin}, Address{begin} + std::min(size, UINT64_MAX - begin)};
}

std::vector<Region> windows_regions(const minidump::Dump& dump, const Snapshot& snapshot) {
  std::vector<const MemoryInfo*> infos;
  infos.reserve(dump.memory_infos.size());
  for (const MemoryInfo& info : dump.memory_infos) {
    if (info.state == minidump::kCommit || info.state == minidump::kReserve) infos.push_back(&info);
  }
  std::ranges::stable_sort(infos, {}, &MemoryInfo::base);
  RegionList list;
  MinidumpNameBudget names;
  for (const MemoryInfo* info : infos) {
    Region region{.range = range_of(info->base, info->size),
                  .access = Access{},
                  .shared = info->type == minidump::kMapped};
    if (info->state == minidump::kReserve) {
      region.file = "[reserved]";
    } else {
      region.access = access_of_protection(info->protect);
      const Module* module =
          info->type == minidump::kImage ? snapshot.module_at(region.range.begin) : nullptr;
      if (module) region.file = names.take(module->path);
      if (info->protect & minidump::kPageGuard) region.file = "[guard]";
    }
    list.add(std::move(region));
  }
  return list.take();
}

/// Ascending, disjoint `regions` and what the dump holds outside them.
void add_recorded(const snapshot::Memory& memory, std::vector<Region>& regions) {
  std::vector<Region> more;
  size_t next = 0;
  for (const auto& piece : memory.pieces()) {
    Address at = piece.begin, end = piece.end();
    while (next < regions.size() && regions[next].range.end <= at) ++next;
    for (size_t r = next; at < end;) {
      if (r == regions.size() || end <= regions[r].range.begin) {
        more.push_back({.range = {at, end}, .recorded = end - at});
        break;
      }
      Region& region = regions[r++];
      if (at < region.range.begin) {
        more.push_back({.range = {at, region.range.begin}, .recorded = region.range.begin - at});
        at = region.range.begin;
      }
      Address stop = std::min(end, region.range.end);
      region.recorded += stop - at;
      at = stop;
    }
  }
  if (more.empty()) return;
  regions.insert(regions.end(), std::make_move_iterator(more.begin()),
                 std::make_move_iterator(more.end()));
  std::ranges::sort(regions, {}, [](const Region& r) { return r.range.begin; });
}

/// Without the system's map: what the dump holds, and the images around it. Rights are not known.
std::vector<Region> partial_regions(const Snapshot& snapshot) {
  std::vector<Region> regions;
  MinidumpNameBudget names;
  for (const Module& module : snapshot.modules) {
    regions.push_back({.range = module.range, .file = names.take(module.path)});
  }
  return regions;
}

/// The bounds of a thread's stack from its TEB (NT_TIB: StackBase, StackLimit), where it is dumped.
std::optional<AddressRange> stack_in_teb(const Snapshot& snapshot, const snapshot::Thread& thread) {
  if (!thread.tls || snapshot.os != snapshot::Os::windows) return {};
  unsigned word = snapshot::pointer_size(snapshot.arch);
  Address teb{*thread.tls};
  auto base = snapshot.memory.read_pointer(teb + word, word);
  auto limit = snapshot.memory.read_pointer(teb + 2 * word, word);
  if (!base || !limit || *limit >= *base) return {};
  return AddressRange{Address{*limit}, Address{*base}};
}

void name_minidump_stacks(Snapshot& snapshot) {
  for (const snapshot::Thread& thread : snapshot.threads) {
    auto at = thread.registers.sp();
    // A stack pointer that was overwritten may point into a heap; the system knows better.
    if (auto stack = stack_in_teb(snapshot, thread)) at = stack->end - 1;
    const Region* found = at ? snapshot.region_at(*at) : nullptr;
    if (!found || !found->file.empty() || found->shared) continue;
    if (found->access && !found->access->write) continue;
    Region& region = snapshot.regions[static_cast<size_t>(found - snapshot.regions.data())];
    region.file = fmt::format("[stack:{}]", thread.id);
  }
}

}  // namespace

void take_memory(const minidump::Dump& dump, std::shared_ptr<const void> file, Snapshot& snapshot) {
  std::vector<const MemoryRange*> ranges;
  ranges.reserve(dump.memory.size() + dump.threads.size());
  for (const MemoryRange& range : dump.memory) ranges.push_back(&range);
  for (const minidump::Thread& thread : dump.threads) ranges.push_back(&thread.stack);
  std::erase_if(ranges, [](const MemoryRange* range) { return range->bytes.empty(); });
  // Stacks are in both lists as a rule, and small ranges lie in large ones.
  std::ranges::stable_sort(ranges, {}, &MemoryRange::address);
  Address covered{0};
  for (const MemoryRange* range : ranges) {
    Bytes bytes = range->bytes;
    Address begin{range->address};
    bytes = bytes.first(std::min<uint64_t>(bytes.size(), UINT64_MAX - begin.value));
    if (begin < covered) {
      uint64_t skip = std::min<uint64_t>(covered - begin, bytes.size());
      bytes = bytes.subspan(skip);
      begin = begin + skip;
    }
    if (bytes.empty()) continue;
    covered = begin + bytes.size();
    snapshot.memory.add(begin, bytes, snapshot::Origin::dump, file);
  }
}

void take_regions(const minidump::Dump& dump, Snapshot& snapshot) {
  auto& regions = snapshot.regions;
  // The kernel's own text names files, and is what a list would have been made from.
  if (snapshot.os == snapshot::Os::linux) regions = read_proc_maps(dump.linux_files.maps);
  if (regions.empty()) regions = windows_regions(dump, snapshot);
  if (regions.empty()) {
    regions = partial_regions(snapshot);
    snapshot.annotations["address_space"] = "partial";
    std::string advice = "what is not in the dump cannot be told from what was not mapped";
    if (snapshot.os == snapshot::Os::windows) {
      advice += "; add MiniDumpWithFullMemoryInfo where the dump is written";
    }
    snapshot.warnings.push_back({"the dump does not map the address space", std::move(advice)});
  }
  add_recorded(snapshot.memory, regions);
  // A cut core's regions have the names that the core told.
  bool are_named = !dump.inquest_note.empty() && !dump.linux_files.maps.empty();
  if (!are_named) name_minidump_stacks(snapshot);
}

}  // namespace inquest::ingest
