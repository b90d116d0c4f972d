/// The elements of a container in a dead process, wherever its description says they are.
///
/// Bounded and safe against cycles: a damaged container gives what it can and says what is wrong.
/// What it holds is checked against its own count. An ElementReader keeps layouts that it has read;
/// it is for one thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "objects/containers.h"
#include "snapshot/memory.h"
#include "symbols/types.h"

namespace inquest::objects {

/// A type, or a pointer to it: debug information has no name to find pointer types by.
struct ObjectType {
  symbols::TypeId id = {};
  uint32_t pointers = 0;  ///< 1: a pointer to `id`; 2: a pointer to such a pointer
  friend bool operator==(const ObjectType&, const ObjectType&) = default;
};

/// Where objects are and what describes them. Borrowed by all that read objects.
struct ObjectSpace {
  const snapshot::Memory& memory;
  const symbols::TypeReader& types;
  const Descriptions& containers;
  unsigned pointer_size = 8;
  /// The demangled name of the code at an address, with parameters; may be empty, may say nothing.
  std::function<std::string(Address)> code_name = {};
};

struct TypedObject {
  Address at = {};
  ObjectType type = {};
};

struct Element {
  TypedObject object = {};
  std::optional<bool> bit = {};                 ///< of vector<bool>: there is no object
  std::optional<TypedObject> key, mapped = {};  ///< of maps
};

enum class Holds : uint8_t {
  elements,  ///< any number
  text,      ///< characters: `text_at`, `count` of `text_type`
  value,     ///< one object, or none: a pointer's target, an optional's value, a variant's
};

struct ElementLimits {
  size_t elements = 1 << 16;  ///< that are given out
  size_t visited = 1 << 22;   ///< that are looked at, to compare with the count
};

struct Elements {
  Holds holds = Holds::elements;
  std::string name = {};               ///< plain: "std::map<int, User>"
  std::optional<uint64_t> count = {};  ///< as the container says
  uint64_t found = 0;                  ///< seen; more than `elements` when those are cut
  std::vector<Element> elements = {};  ///< in the container's order
  bool cut = false;                    ///< there are more than the limits allow
  std::string damage = {};             ///< what contradicts itself; empty when it is whole
  Address text_at = {};
  ObjectType text_type = {};
  /// What else its description shows: "capacity" and its number.
  struct Shown {
    std::string name;
    int64_t value;
    bool is_pointer = false;
  };
  std::vector<Shown> shown = {};
};

class ElementReader {
 public:
  explicit ElementReader(const ObjectSpace& space);
  ~ElementReader();
  ElementReader(ElementReader&&) noexcept;

  /// Absent when no description fits the type's name and layout.
  std::optional<Elements> elements(const TypedObject& object, const ElementLimits& limits = {});

  const ObjectSpace& space() const;
  /// Without aliases, const and volatile; kept.
  const symbols::Type& type(symbols::TypeId id);
  const std::vector<symbols::Member>& members(symbols::TypeId id);
  uint64_t size(const ObjectType& type);
  /// By a name that may end in "*"; absent when the debug information has none. Kept.
  std::optional<ObjectType> find(std::string_view name);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace inquest::objects
