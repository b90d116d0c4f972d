#include <fmt/core.h>
#include <map>

#include "heap/segment/view.h"

namespace inquest::heap::segment {
namespace {

// _HEAP_LFH_SUBSEGMENT.
constexpr uint64_t kOwner = 0x10, kBlockCount = 0x22, kWithheld = 0x27, kOffsets = 0x28,
                   kCommitUnits = 0x2d, kCommitOffset = 0x2e, kBitmap = 0x30;
constexpr uint32_t kNewFrontEnd = 26100;  // 11 24H2 has another

/// The block size of each of the 129 buckets.
uint32_t bucket_size(unsigned bucket) {
  if (bucket <= 64) return bucket * 16;
  unsigned step = (bucket - 65) / 16;  // 64, 128, 256, 512 bytes apart
  return (1024u << step) + ((bucket - 65) % 16 + 1) * (64u << step);
}

class FrontWalk {
 public:
  explicit FrontWalk(View& heap) : heap_(heap) {}

  void walk(const std::vector<FrontRange>& ranges) {
    if (!heap_.front_key && heap_.build < kNewFrontEnd) find_key(ranges);
    for (const FrontRange& range : ranges) {
      heap_.collector.restart();
      list(range);
    }
    heap_.collector.restart();
  }

 private:
  uint32_t count_of(const FrontRange& range) {
    return heap_.target.u16(range.begin + kBlockCount) + heap_.target.u8(range.begin + kWithheld);
  }
  /// What the block offsets are encoded with, beside the key.
  uint32_t stored(const FrontRange& range) {
    return heap_.target.u32(range.begin + kOffsets) ^ static_cast<uint32_t>(range.begin >> 12);
  }

  /// A subsegment's owner says the size of its blocks, and its own size and count where the first
  /// may be: each place that is possible gives a key. The one that most subsegments allow is right;
  /// of several, the one that leaves the least between the books and the first blocks.
  void find_key(const std::vector<FrontRange>& ranges) {
    constexpr size_t kAsked = 512;
    std::map<uint32_t, Vote> votes;
    for (const FrontRange& range : std::span(ranges).first(std::min(ranges.size(), kAsked)))
      vote(range, votes);
    auto best = std::ranges::min_element(votes, {}, [](const auto& v) { return v.second; });
    if (best == votes.end()) return;
    heap_.front_key = best->first;
    auto as_many = std::ranges::count_if(
        votes, [&](const auto& v) { return v.second.missing == best->second.missing; });
    if (as_many == 1 || best->second.slack == 0) return;
    heap_.collector.warn(
        "the key of the segment heap's front end is not certain: its blocks may be listed some "
        "bytes "
        "off",
        "give ntdll's PDB by --symbols");
  }
  struct Vote {
    int64_t missing = 0;  ///< less for every subsegment that allows it
    uint64_t slack = 0;   ///< bytes of all between books and blocks
    auto operator<=>(const Vote&) const = default;
  };
  void vote(const FrontRange& range, std::map<uint32_t, Vote>& votes) {
    uint64_t owner = heap_.target.pointer(range.begin + kOwner);
    uint32_t size = bucket_size(heap_.target.u8(owner + 1)), count = count_of(range);
    if (size == 0 || count == 0) return;
    uint64_t books = kBitmap + (uint64_t{count} * 2 + 63) / 64 * 8;
    uint64_t commits = heap_.target.u16(range.begin + kCommitOffset) +
                       uint64_t{2} * heap_.target.u8(range.begin + kCommitUnits);
    books = (std::max(books, commits) + 15) / 16 * 16;
    for (uint64_t first = books; first <= books + 0x200; first += 16) {
      uint64_t end = first + uint64_t{size} * count;
      if (end > range.end - range.begin || first > 0xffff) break;
      Vote& one = votes[stored(range) ^ (static_cast<uint32_t>(first) << 16 | size)];
      one.missing -= 1;
      one.slack += first - books;
    }
  }

  void list(const FrontRange& range) {
    uint32_t offsets = stored(range) ^ heap_.front_key.value_or(0), count = count_of(range);
    uint64_t size = offsets & 0xffff, first = offsets >> 16;
    uint64_t books = kBitmap + (uint64_t{count} * 2 + 63) / 64 * 8;
    bool fits = heap_.front_key && size != 0 && count != 0 && first >= books &&
                first + size * count <= range.end - range.begin;
    if (!fits || heap_.build >= kNewFrontEnd) {
      if (heap_.build < kNewFrontEnd) {
        heap_.fault(range.begin + kOffsets,
                    fmt::format("{} blocks of {:#x} bytes at {:#x} do not fit into the subsegment",
                                count, size, first));
      } else if (!has_warned_) {
        has_warned_ = true;
        heap_.collector.warn(
            "the front end of this Windows build has another layout: its page ranges are listed "
            "whole, as used");
      }
      return heap_.collector.add(range.begin, range.end - range.begin, State::used, heap_.arena);
    }
    heap_.collector.allocator().books.push_back({{range.begin}, {range.begin + first}});
    for (uint32_t i = 0; i < count; ++i) {
      // Two bits a block: in use; with bytes that were not asked for.
      uint64_t at = range.begin + first + i * size;
      unsigned bits = heap_.target.u8(range.begin + kBitmap + i / 4) >> i % 4 * 2 & 3;
      if (!(bits & 1)) {
        heap_.collector.add(at, size, State::free, heap_.arena);
        continue;
      }
      heap_.collector.add(at, size - unused(at + size, size, bits & 2), State::used, heap_.arena);
    }
  }
  uint64_t unused(uint64_t end, uint64_t size, bool has) {
    if (!has) return 0;
    uint16_t word = heap_.target.u16(end - 2);
    uint64_t count = word & 0x8000 ? 1 : word & 0x3fff;
    if (count <= size) return count;
    heap_.fault(end - 2, fmt::format("{:#x} unused bytes of a block of {:#x}", count, size));
    return 0;
  }

  View& heap_;
  bool has_warned_ = false;
};

}  // namespace

void walk_front(View& heap, const std::vector<FrontRange>& ranges) {
  if (!ranges.empty()) FrontWalk(heap).walk(ranges);
}

}  // namespace inquest::heap::segment
