/// Numbers of a dead process as text.
#pragma once

#include <span>
#include <string>

#include "objects/values.h"

namespace inquest::objects {

/// Of a number, an enumerator, a character, a truth value; empty when the type is none of these.
/// Of what cannot be read: "<not in the dump>".
std::string scalar_text(ElementReader& reader, const TypedObject& object, uint32_t bit_size = 0,
                        uint32_t bit_offset = 0);

/// The same of a value that is at hand: `raw` are its bytes from the lowest, at least as many as
/// the type has.
std::string scalar_text(ElementReader& reader, symbols::TypeId id, std::span<const std::byte> raw,
                        uint32_t bit_size = 0, uint32_t bit_offset = 0);

inline constexpr const char* kNotInDump = "<not in the dump>";

}  // namespace inquest::objects
