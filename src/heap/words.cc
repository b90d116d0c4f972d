#include "heap/words.h"

namespace inquest::heap {
namespace {

constexpr uint64_t kPage = 4096;

/// The first piece that ends after `at`.
auto piece_after(const snapshot::Memory& memory, uint64_t at) {
  const auto& pieces = memory.pieces();
  return std::upper_bound(
      pieces.begin(), pieces.end(), at,
      [](uint64_t a, const snapshot::Memory::Piece& piece) { return a < piece.end().value; });
}

}  // namespace

bool Words::read_elsewhere(uint64_t at, void* value, size_t bytes) {
  auto piece = piece_after(memory_, at);
  if (piece != memory_.pieces().end() && piece->begin.value <= at &&
      piece->end().value - at >= bytes) {
    begin_ = piece->begin.value;
    run_ = piece->bytes;
    std::memcpy(value, run_.data() + (at - begin_), bytes);
    return true;
  }
  return memory_.read({at}, std::span(static_cast<std::byte*>(value), bytes)) == bytes;
}

Bytes Words::next_run(uint64_t& at, uint64_t end, std::vector<std::byte>& copy) {
  while (at < end) {
    Bytes run = memory_.view({at}, end - at);
    if (run.size() >= 8) return run;
    uint64_t page_end = std::min(end, (at | (kPage - 1)) + 1);
    copy.resize(page_end - at);
    copy.resize(memory_.read({at}, copy));
    if (copy.size() >= 8) return copy;
    auto next = memory_.next_held({page_end});
    if (!next) break;
    at = (next->value + 7) & ~uint64_t{7};
    if (at < next->value) break;  // the end of all addresses
  }
  return {};
}

std::vector<AddressRange> writable_data(const snapshot::Snapshot& process,
                                        const snapshot::Module& module) {
  std::vector<AddressRange> ranges;
  Address end = module.range.end;
  for (const snapshot::Region& region : process.regions) {
    if (region.range.end <= module.range.begin) continue;
    // The rest of .bss may be a mapping of its own, right behind the file's last.
    bool behind = region.range.begin == end && !ranges.empty() && ranges.back().end == end &&
                  (region.file.empty() || region.file == module.path);
    if (region.range.begin >= end && !behind) break;
    if (!region.access || !region.access->write) continue;
    AddressRange range{std::max(region.range.begin, module.range.begin), region.range.end};
    if (!ranges.empty() && ranges.back().end == range.begin) {
      ranges.back().end = range.end;
    } else {
      ranges.push_back(range);
    }
    if (behind) break;
    end = std::max(end, range.end);
  }
  return ranges;
}

}  // namespace inquest::heap
