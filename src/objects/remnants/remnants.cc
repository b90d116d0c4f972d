#include "objects/remnants.h"

#include <algorithm>

#include "objects/remnants/context.h"

namespace inquest::objects {

std::string_view name(RemnantPlace place) {
  switch (place) {
    case RemnantPlace::freed:
      return "freed";
    case RemnantPlace::mapping:
      return "mapping";
    case RemnantPlace::data:
      return "data";
    case RemnantPlace::inside:
      return "inside";
  }
  return "freed";
}

Remnants Remnants::find(const TypingInput& input, const Typing& typing,
                        const RemnantOptions& options) {
  Remnants out;
  const size_t blocks = input.heaps.blocks.size();
  out.skipped_freed = options.freed && blocks > options.most_blocks;
  const bool freed = options.freed && !out.skipped_freed && blocks < (1u << 31);
  if (!freed && !options.outside) return out;
  RemnantOptions possible = options;
  possible.freed = freed;
  RemnantContext context(input, typing, possible);
  if (freed) {
    find_freed(context, out);
    find_dangling(context, out);
  }
  if (options.outside) find_outside(context, out);
  std::ranges::stable_sort(out.all, {}, &Remnant::at);
  out.types = context.types.take();
  return out;
}

}  // namespace inquest::objects
