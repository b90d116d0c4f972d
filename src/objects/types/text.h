/// Whether bytes are text.
#pragma once

#include "base/integers.h"

namespace inquest::objects {

/// What a block as a whole is.
enum class BlockText : uint8_t { none, narrow, utf16 };

/// Narrow: ASCII or UTF-8 from the first byte, at least four characters, up to a NUL or the end;
/// what lies behind the NUL does not count, but at least a quarter of the block must be said to be
/// text, or 16 characters. UTF-16: four code units or more that all have one high byte. Pure.
BlockText block_text(Bytes block);

}  // namespace inquest::objects
