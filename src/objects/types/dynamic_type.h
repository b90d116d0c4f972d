/// The class of an object by the pointer to its virtual table, whichever ABI compiled it: by the
/// type information in memory alone (objects/types/rtti.h, microsoft_rtti.h). Pure.
#pragma once

#include <optional>
#include <string>

#include "objects/types/rtti.h"

namespace inquest::objects {

struct DynamicType {
  std::string name;  ///< "game::Guild"
  Address begin;     ///< of the full object
};

/// `at`: where the pointer to the virtual table lies. Absent when no type information is there, or
/// when the object would begin far in front.
std::optional<DynamicType> dynamic_type(const RttiInput& input, Address at);

}  // namespace inquest::objects
