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
      // A memory that is watched gives little at a time: what is in the window counts as read.
      constexpr size_t kWatchedView = 64;
      Bytes run = memory_.view(at);
      bool is_whole = run.size() == piece.end() - at && run.size() > kWatchedView;
      begin_ = is_whole ? piece.begin : at;
      window_ = is_whole ? piece.bytes : run;
      return window_.size() >= size;
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
