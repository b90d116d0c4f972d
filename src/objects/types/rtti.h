/// Run-time type information of the Itanium C++ ABI, read from a dead process.
///
/// Source: Itanium C++ ABI 2.9.5 (RTTI layout), common to libstdc++ and libc++abi:
///   std::type_info             { vptr, const char* name }
///   __class_type_info          the same
///   __si_class_type_info       { ..., const type_info* base }             one public base at 0
///   __vmi_class_type_info      { ..., u32 flags, u32 count, { type_info* base, long offset_flags }
///   [] }
/// offset_flags: bit 0 virtual, bit 1 public, from bit 8 the base's offset; for a virtual base the
/// offset in the virtual table (negative) where the base's offset in the object stands. 64 bit.
/// Pure functions of the process.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snapshot/snapshot.h"

namespace inquest::objects {

struct RttiType {
  Address at;
  std::string mangled = {};  ///< "St13runtime_error": as type_info::name() has it
  std::string name = {};     ///< "std::runtime_error"
  struct Base {
    Address type;  ///< its type_info
    int64_t offset = 0;
    bool is_virtual = false;
  };
  std::vector<Base> bases = {};
  bool is_class = false;  ///< its bases are known to be these
};

/// A dead process as RTTI is read from it. Borrowed.
struct RttiInput {
  const snapshot::Snapshot& process;
  /// Linkage name of the symbol that holds an address; empty when not known. May be empty.
  std::function<std::string(Address)> linkage_at = {};
};

/// Absent when memory does not hold one there (a name that cannot be read included).
std::optional<RttiType> read_type_info(const RttiInput& input, Address at);

/// The type of the object whose virtual table pointer is `vptr`; absent when that is none.
std::optional<RttiType> type_of_vtable(const RttiInput& input, Address vptr);

/// Where in the object at `object` of type `type` its base named `mangled` lies; `type` itself
/// counts. Bounded depth.
std::optional<Address> find_base(const RttiInput& input, Address object, const RttiType& type,
                                 std::string_view mangled);

}  // namespace inquest::objects
