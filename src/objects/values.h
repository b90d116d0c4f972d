/// An object in a dead process as text: its fields, their values, what containers hold.
///
/// Bounded in depth, width and in all; a part that cannot be read says so. For one thread.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "objects/elements.h"

namespace inquest::objects {

/// A value with a name; of classes and containers what is in them.
struct Field {
  std::string name = {};   ///< "rank", "[3]", "[\"admin\"]"; a base class: its name
  std::string type = {};   ///< plain: "std::map<int, User>"
  std::string value = {};  ///< "42", "\"text\"", "3 elements"; empty of a class
  std::string note = {};   ///< what is wrong, or left out; empty when nothing is
  Address at = {};
  uint64_t size = 0;  ///< bytes; 0 when not known
  bool is_base = false;
  std::optional<Address> target = {};  ///< of a pointer
  std::vector<Field> fields = {};
};

struct ValueOptions {
  size_t depth = 3;          ///< levels of fields below the object
  size_t width = 32;         ///< elements of an array or container
  size_t text = 200;         ///< characters of a string
  size_t visited = 1 << 22;  ///< nodes of a container that are looked at
  size_t fields = 1 << 14;   ///< in all
  bool follow = false;       ///< pointers too, each a level; smart pointers always
};

class ValueReader {
 public:
  /// `target_of` says in words what an address is ("game::boss", "block of 64 bytes, freed"); may
  /// say nothing, may be empty.
  ValueReader(const ObjectSpace& space, const ValueOptions& options,
              std::function<std::string(Address)> target_of = {});
  Field read(const TypedObject& object);
  /// A member of `bit_size` bits, `bit_offset` into the bytes at `object`; a whole one of 0 bits.
  Field read_member(const TypedObject& object, uint32_t bit_size, uint32_t bit_offset);
  /// A value that lies in no memory, but in a register: `raw` are its bytes from the lowest, at
  /// least as many as the type has. Numbers, pointers, and classes of such.
  Field read_value(const ObjectType& type, std::span<const std::byte> raw);
  /// The first `count` objects that lie one behind the other.
  Field read_array(const TypedObject& first, uint64_t count);

 private:
  friend class FieldBuilder;
  ElementReader elements_;
  ValueOptions options_;
  std::function<std::string(Address)> target_of_;
};

/// A name for people of a type: "const char *", "std::map<int, User>".
std::string type_name(ElementReader& reader, const ObjectType& type);

}  // namespace inquest::objects
