/// Types in words of pointers: what a value points to, which member lies at an offset, and what
/// the accessors of the C++ library return.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "symbols/types.h"

namespace inquest::cause {

/// A type with `pointers` stars more than the debug information has a description for.
struct PointerType {
  symbols::TypeId type = {};
  unsigned pointers = 0;
  const symbols::TypeReader* reader = nullptr;  ///< null: not known

  explicit operator bool() const { return reader != nullptr; }
  friend bool operator==(const PointerType&, const PointerType&) = default;
};

/// What it points (or refers) to; unknown when it is no pointer.
PointerType pointee(const PointerType& pointer);
/// A pointer to it.
PointerType pointer_to(const PointerType& type);
uint64_t size_of(const PointerType& type);
/// "Guild*", "Guild"; empty when not known.
std::string name_of_type(const PointerType& type);

/// The innermost member at byte `offset` of the type. Empty bases, which share their byte with what
/// follows, are passed over. For a scalar the path is empty and the type is the scalar.
struct MemberPath {
  std::string path = {};  ///< "stats.rank", "slots[3]"
  PointerType type = {};  ///< of the innermost member
  uint64_t inside = 0;    ///< bytes into it
};
std::optional<MemberPath> member_path(const PointerType& type, uint64_t offset);

/// What `std::vector<T>::operator[]` and the like return, told by the function's demangled name:
/// for calls that the compiler did not inline.
PointerType library_result(std::string_view function, const symbols::TypeReader& reader);

}  // namespace inquest::cause
