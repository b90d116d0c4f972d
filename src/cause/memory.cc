#include "cause/memory.h"

#include <algorithm>
#include <map>

#include "cause/contents.h"

namespace inquest::cause {
namespace {

using answer::MemoryArea;
using answer::MemoryTotal;

std::string rights(const std::optional<snapshot::Access>& access) {
  if (!access) return {};
  return {access->read ? 'r' : '-', access->write ? 'w' : '-', access->execute ? 'x' : '-'};
}

MemoryArea describe(const heap::Area& area) {
  return {.begin = area.range.begin,
          .size = area.range.size(),
          .use = std::string(name(area.use)),
          .access = rights(area.access),
          .what = area.what,
          .thread = area.thread,
          .recorded = area.recorded};
}

MemoryTotal describe(const heap::UseTotal& total) {
  return {.use = std::string(name(total.use)),
          .areas = total.areas,
          .bytes = total.bytes,
          .committed = total.committed,
          .recorded = total.recorded,
          .largest = total.largest};
}

/// Sums areas by a key; most bytes first.
template <class Key>
std::vector<MemoryTotal> sums(const std::vector<MemoryArea>& areas, Key&& key) {
  std::map<std::string, MemoryTotal> by_key;
  for (const MemoryArea& area : areas) {
    std::string name = key(area);
    if (name.empty()) continue;
    MemoryTotal& total = by_key[name];
    ++total.areas;
    total.bytes += area.size;
    total.recorded += area.recorded;
    total.largest = std::max(total.largest, area.size);
    bool is_held = area.use != "reserved" && area.use != "guard" && area.access != "---";
    if (is_held) total.committed += area.size;
  }
  std::vector<MemoryTotal> all;
  for (auto& [name, total] : by_key) {
    total.use = name;
    all.push_back(std::move(total));
  }
  std::ranges::stable_sort(all, std::greater{}, &MemoryTotal::bytes);
  return all;
}

}  // namespace

answer::Memory describe_memory(const snapshot::Snapshot& process, const heap::AddressSpace& space) {
  answer::Memory memory{.dump = describe_dump(process), .is_whole = space.is_whole};
  for (const heap::Area& area : space.areas) memory.areas.push_back(describe(area));
  for (const heap::UseTotal& total : space.totals) memory.totals.push_back(describe(total));
  memory.by_access = sums(memory.areas, [](const MemoryArea& area) { return area.access; });
  memory.by_what = sums(memory.areas, [](const MemoryArea& area) { return area.what; });
  for (size_t index : space.newest) memory.newest.push_back(memory.areas[index]);
  memory.free_bytes = space.free_bytes;
  memory.holes = space.holes;
  memory.largest_hole = {
      .begin = space.largest_hole.begin, .size = space.largest_hole.size(), .use = "free"};
  for (const heap::Ceiling& ceiling : space.ceilings) {
    memory.ceilings.push_back({.what = ceiling.what,
                               .used = ceiling.used,
                               .most = ceiling.most,
                               .is_bytes = ceiling.is_bytes,
                               .is_assumed = ceiling.is_assumed});
  }
  memory.warnings = process.warnings;
  memory.warnings.insert(memory.warnings.end(), space.warnings.begin(), space.warnings.end());
  return memory;
}

}  // namespace inquest::cause
