/// Run-time type information of Microsoft's C++ ABI, read from a dead process.
///
/// Source: rttidata.h and ehdata_forceinclude.h of Visual C++. In front of a virtual table stands
/// the address of
///   RTTICompleteObjectLocator { u32 signature, offset, cdOffset; pTypeDescriptor,
///                               pClassDescriptor; 64 bit: pSelf }
///   TypeDescriptor            { vptr, spare; char name[] }            ".?AVGuild@game@@"
///   ClassHierarchyDescriptor  { u32 signature, attributes, count; pBaseClassArray }
///   BaseClassDescriptor       { pTypeDescriptor, u32 contained, i32 mdisp, pdisp, vdisp, ... }
/// On 32 bit (signature 0) p... are addresses, on 64 bit (signature 1) offsets from the image's
/// begin. The first base of the array is the class itself. All of it is believed only where it
/// lies in the image and agrees with itself. Pure functions of the process.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "snapshot/snapshot.h"

namespace inquest::objects {

struct MicrosoftClass {
  std::string mangled = {};  ///< ".?AVGuild@game@@"
  std::string name = {};     ///< "game::Guild", without `class` in front, inside too
  /// Where in the full object the pointer to this table lies, in bytes.
  uint32_t offset = 0;
  /// Bytes in front of that pointer where a displacement stands that counts while a constructor of
  /// a virtual base runs; 0: none does.
  uint32_t displacement_at = 0;
};

/// The class of the full object in which `vptr` is a pointer to a virtual table; absent when
/// memory does not say so there.
std::optional<MicrosoftClass> microsoft_class(const snapshot::Snapshot& process, Address vptr);

/// "game::Guild" for ".?AVGuild@game@@"; empty when it is not a class's name.
std::string microsoft_name(std::string_view mangled);
/// "class game::Box<struct game::Item *>" -> "game::Box<game::Item *>".
std::string without_class_keywords(std::string text);
/// "const game::Guild::`vftable'{for `game::Named'}" -> "game::Guild"; empty for other names.
/// Borrowed from the argument.
std::string_view class_of_vftable(std::string_view symbol);

}  // namespace inquest::objects
