#include "heap/windows/target.h"

#include <unordered_set>

namespace inquest::heap::windows {
namespace {

constexpr uint64_t kAllocationGranularity = 0x10000;
constexpr size_t kMostHeaps = 1 << 16, kMostPlaces = 1 << 24, kMostEntries = 1 << 22;

}  // namespace

Target::Target(const snapshot::Snapshot& process)
    : process_(process),
      words_(process.memory),
      word_(process.arch == snapshot::Arch::x86 ? 4 : 8) {
  for (const snapshot::Thread& thread : process.threads) {
    if (!thread.tls || *thread.tls == 0) continue;
    // TEB.ProcessEnvironmentBlock.
    peb_ = pointer(*thread.tls + 12 * uint64_t{word_});
    if (peb_ != 0) break;
  }
}

std::vector<uint64_t> Target::heaps_in_peb() {
  std::vector<uint64_t> heaps;
  if (peb_ == 0) return heaps;
  uint64_t count_at = peb_ + (word_ == 8 ? 0xe8 : 0x88);
  uint64_t count = u32(count_at), array = pointer(count_at + 8);
  if (uint64_t heap = process_heap(); heap != 0) heaps.push_back(heap);
  if (count > kMostHeaps) return heaps;
  for (uint64_t i = 0; i < count; ++i) {
    if (uint64_t heap = pointer(array + i * word_); heap != 0) heaps.push_back(heap);
  }
  return heaps;
}

std::vector<uint64_t> find_bases(Target& target, const std::function<bool(uint64_t)>& is_heap) {
  std::vector<uint64_t> bases;
  for (uint64_t at : target.heaps_in_peb()) {
    if (is_heap(at)) bases.push_back(at);
  }
  const snapshot::Snapshot& process = target.process();
  size_t places = 0;
  auto search = [&](uint64_t begin, uint64_t end) {
    constexpr uint64_t kMask = kAllocationGranularity - 1;
    uint64_t at = begin > UINT64_MAX - kMask ? end : (begin + kMask) & ~kMask;
    for (; at < end && places < kMostPlaces; at += kAllocationGranularity, ++places) {
      if (bases.size() < kMostHeaps && is_heap(at)) bases.push_back(at);
      if (at > UINT64_MAX - kAllocationGranularity) break;
    }
  };
  if (!process.memory.pieces().empty()) {
    for (const auto& piece : process.memory.pieces()) search(piece.begin.value, piece.end().value);
  } else {
    for (const snapshot::Region& region : process.regions) {
      if (!region.access || region.access->write)
        search(region.range.begin.value, region.range.end.value);
    }
  }
  std::ranges::sort(bases);
  bases.erase(std::unique(bases.begin(), bases.end()), bases.end());
  return bases;
}

std::optional<Break> walk_ring(Target& target, uint64_t head,
                               const std::function<void(uint64_t)>& visit) {
  const unsigned word = target.word();
  size_t count = 0;
  uint64_t at = head;
  std::unordered_set<uint64_t> seen;
  for (;;) {
    uint64_t next = target.pointer(at);
    if (next == head && target.pointer(head + word) == at) return {};
    if (next == head || target.pointer(next + word) != at || ++count > kMostEntries) break;
    seen.insert(next);
    visit(next);
    at = next;
  }
  Break found{at, target.pointer(at)};
  for (at = head;;) {
    uint64_t previous = target.pointer(at + word);
    if (previous == head || target.pointer(previous) != at || !seen.insert(previous).second) break;
    if (++count > kMostEntries) break;
    visit(previous);
    at = previous;
  }
  return found;
}

}  // namespace inquest::heap::windows
