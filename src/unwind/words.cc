#include "unwind/words.h"

#include <algorithm>
#include <bit>

namespace inquest::unwind {

static_assert(std::endian::native == std::endian::little, "words are copied as they are");

bool Words::move(Address at, unsigned size) {
  const auto& pieces = memory_.pieces();
  auto after = std::partition_point(pieces.begin(), pieces.end(),
                                    [&](const auto& piece) { return piece.begin <= at; });
  if (after != pieces.begin()) {
    const auto& piece = *(after - 1);
    if (at < piece.end() && piece.end() - at >= size) {
      begin_ = piece.begin;
      window_ = piece.bytes;
      return true;
    }
  }
  // No piece holds it whole: a live process, or a word across two pieces. A page's worth from here
  // on serves the next words too.
  size_t got = memory_.read(at, std::span(page_));
  begin_ = at;
  window_ = Bytes(page_).first(got);
  return got >= size;
}

}  // namespace inquest::unwind
