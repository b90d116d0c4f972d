#include "heap/mimalloc/segments.h"

#include <map>

#include "heap/mimalloc/layout.h"

namespace inquest::heap::mimalloc {
namespace {

constexpr size_t kMaxPlaces = 1 << 22;

/// Multiples of kSegment that the dump has memory at.
std::vector<uint64_t> places(const snapshot::Snapshot& process) {
  std::vector<uint64_t> found;
  auto add = [&](uint64_t begin, uint64_t end) {
    for (uint64_t at = (begin + kSegment - 1) & ~(kSegment - 1);
         at >= begin && at < end && found.size() < kMaxPlaces; at += kSegment) {
      if (found.empty() || found.back() < at) found.push_back(at);
    }
  };
  if (!process.memory.pieces().empty()) {
    for (const auto& piece : process.memory.pieces()) add(piece.begin.value, piece.end().value);
  } else {
    for (const snapshot::Region& region : process.regions) {
      if (!region.access || region.access->write) {
        add(region.range.begin.value, region.range.end.value);
      }
    }
  }
  return found;
}

std::optional<Segment> segment_at(Words& words, uint64_t at) {
  Segment segment{.at = at,
                  .thread = words.word(at + kThread),
                  .slices = words.word(at + kSlices),
                  .info = words.word(at + kInfoSlices),
                  .entries = words.word(at + kEntries),
                  .huge = words.half(at + kKind) == 1,
                  .in_use = words.word(at + kUsed) != 0};
  if (words.half(at + kKind) > 1 || segment.info == 0 || segment.info > 8) return {};
  if (segment.slices <= segment.info || segment.slices > uint64_t{1} << 31) return {};
  if (segment.entries > kMaxEntries || segment.entries > segment.slices) return {};
  if (segment.entries <= segment.info) return {};
  if (!segment.huge && segment.slices != kSegment / kSlice) return {};
  if (words.half(at + kPages + kSliceCount) != segment.info) return {};  // the head's own page
  return segment;
}

}  // namespace

std::vector<Segment> find_segments(const snapshot::Snapshot& process) {
  Words words(process.memory);
  std::map<uint64_t, std::vector<Segment>> by_cookie;
  for (uint64_t at : places(process)) {
    uint64_t cookie = words.word(at + kCookie);
    if (cookie == 0) continue;
    if (auto segment = segment_at(words, at)) by_cookie[cookie ^ at].push_back(*segment);
  }
  auto most = std::max_element(by_cookie.begin(), by_cookie.end(),
                               [](auto& a, auto& b) { return a.second.size() < b.second.size(); });
  if (most == by_cookie.end()) return {};
  std::vector<Segment> segments = std::move(most->second);
  uint64_t end = 0;
  std::erase_if(segments, [&](const Segment& segment) {
    if (segment.at < end) return true;  // inside of a huge one
    end = segment.at + segment.slices * kSlice;
    return false;
  });
  return segments;
}

}  // namespace inquest::heap::mimalloc
