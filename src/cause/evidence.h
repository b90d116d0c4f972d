/// Words for evidence, the same in every detector. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/quantities.h"
#include "cause/calls.h"

namespace inquest::cause {

/// Cut to `limit` bytes at a character, with "..." in place of the rest.
std::string shortened(std::string_view text, size_t limit);
/// "`worker` (1234)" or "1234".
std::string thread_name(const snapshot::Thread& thread);
/// "char[28] ..." bytes as text when they are, else hex: for what overwrote something.
std::string bytes_text(Bytes bytes);

/// The index in answer::Stack::frames (inlined calls are frames of their own) of calls[i]: the
/// calls were made from the same stack in the same order.
inline std::optional<uint32_t> frame_index(const std::vector<Call>&, size_t i) {
  return static_cast<uint32_t>(i);
}

}  // namespace inquest::cause
