#include "snapshot/memory.h"

#include <algorithm>

namespace inquest::snapshot {
namespace {

constexpr uint64_t kWatchedView = 64;

}  // namespace

void Memory::add(Address begin, Bytes bytes, Origin origin, std::shared_ptr<const void> owner) {
  if (bytes.empty()) return;
  uint64_t room = ~uint64_t{0} - begin.value;
  if (bytes.size() > room) bytes = bytes.first(room);
  Address end = begin + bytes.size();
  // A dump is one owner of all its pieces.
  if (owner && (owners_.empty() || owners_.back() != owner)) owners_.push_back(std::move(owner));
  // Appending in ascending order is the rule for dumps and costs nothing.
  if (pieces_.empty() || pieces_.back().end() <= begin) {
    pieces_.push_back({begin, bytes, origin});
    return;
  }
  // Otherwise only the gaps between the pieces there are filled.
  auto at = std::partition_point(pieces_.begin(), pieces_.end(),
                                 [&](const Piece& p) { return p.end() <= begin; });
  auto first = at - pieces_.begin();
  std::vector<Piece> gaps;
  Address from = begin;
  for (; at != pieces_.end() && at->begin < end; ++at) {
    if (from < at->begin) {
      gaps.push_back({from, bytes.subspan(from - begin, at->begin - from), origin});
    }
    from = at->end();
  }
  if (from < end) gaps.push_back({from, bytes.subspan(from - begin, end - from), origin});
  auto last = at - pieces_.begin();
  // The pieces from `first` to `last` make room; those after them only move.
  pieces_.insert(pieces_.begin() + last, gaps.begin(), gaps.end());
  std::sort(pieces_.begin() + first, pieces_.begin() + last + static_cast<ptrdiff_t>(gaps.size()),
            [](const Piece& a, const Piece& b) { return a.begin < b.begin; });
}

const Memory::Piece* Memory::find(Address at) const {
  auto after = std::partition_point(pieces_.begin(), pieces_.end(),
                                    [&](const Piece& p) { return p.begin <= at; });
  if (after == pieces_.begin()) return nullptr;
  const Piece& piece = *(after - 1);
  return at < piece.end() ? &piece : nullptr;
}

size_t Memory::read(Address from, std::span<std::byte> out) const {
  size_t done = 0;
  while (done < out.size()) {
    Bytes run = view(from + done, out.size() - done);
    if (run.empty()) {
      if (!source_) break;
      // The source is asked up to the next piece only, so that a piece always wins.
      auto next = std::partition_point(pieces_.begin(), pieces_.end(),
                                       [&](const Piece& p) { return p.begin <= from + done; });
      size_t want = out.size() - done;
      if (next != pieces_.end()) want = std::min<uint64_t>(want, next->begin - (from + done));
      size_t got = source_->read(from + done, out.subspan(done, want));
      done += got;
      if (got < want) break;
      continue;
    }
    std::memcpy(out.data() + done, run.data(), run.size());
    done += run.size();
  }
  return done;
}

Bytes Memory::view(Address from, uint64_t limit) const {
  const Piece* piece = find(from);
  if (!piece) return {};
  uint64_t skip = from - piece->begin;
  uint64_t size = std::min<uint64_t>(limit, piece->bytes.size() - skip);
  if (watch_) {
    // Of a view without a limit nobody can tell what is read: it is given in small pieces.
    if (limit == UINT64_MAX) size = std::min(size, kWatchedView);
    watch_->touched(from, size);
  }
  return piece->bytes.subspan(skip, size);
}

std::optional<Origin> Memory::origin(Address at) const {
  if (const Piece* piece = find(at)) {
    if (watch_) watch_->touched(at, 1);
    return piece->origin;
  }
  std::byte probe;
  if (source_ && source_->read(at, {&probe, 1}) == 1) return Origin::live;
  return {};
}

std::optional<Address> Memory::next_held(Address at) const {
  if (source_) return at;
  auto next = std::partition_point(pieces_.begin(), pieces_.end(),
                                   [&](const Piece& p) { return p.end() <= at; });
  if (next == pieces_.end()) return {};
  return std::max(at, next->begin);
}

bool Memory::has(Address at) const { return origin(at).has_value(); }

std::optional<uint64_t> Memory::read_pointer(Address from, unsigned size) const {
  if (size == 4) {
    auto value = read<le32>(from);
    if (!value) return {};
    return static_cast<uint32_t>(*value);
  }
  auto value = read<le64>(from);
  if (!value) return {};
  return static_cast<uint64_t>(*value);
}

std::optional<std::string> Memory::read_string(Address from, size_t limit) const {
  std::string text;
  char chunk[256];
  while (text.size() < limit) {
    size_t got = read(from + text.size(), std::as_writable_bytes(std::span(chunk)));
    if (got == 0) return {};
    if (const void* nul = std::memchr(chunk, 0, got)) {
      text.append(chunk, static_cast<const char*>(nul) - chunk);
      if (text.size() > limit) return {};
      return text;
    }
    text.append(chunk, got);
  }
  return {};
}

}  // namespace inquest::snapshot
