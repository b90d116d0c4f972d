/// Layouts of types as they were read once: descriptions ask for the same members for each node.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "objects/elements.h"

namespace inquest::objects {

/// Where a named member lies, through bases and anonymous members.
struct MemberPlace {
  symbols::TypeId type = {};
  uint64_t offset = 0;
  uint32_t bit_size = 0, bit_offset = 0;
};

class Layouts {
 public:
  explicit Layouts(const ObjectSpace& space) : space_(space) {}

  /// Aliases and qualifiers stripped.
  symbols::TypeId resolve(symbols::TypeId id);
  const symbols::Type& type(symbols::TypeId id);
  const std::vector<symbols::Member>& members(symbols::TypeId id);
  /// 0 when not known.
  uint64_t size(const ObjectType& type);
  /// The nearest: own members before those of bases, bases before theirs. Null when none.
  const MemberPlace* member(symbols::TypeId id, const std::string& name);
  std::optional<ObjectType> find(std::string_view name);

 private:
  struct TypeHash {
    size_t operator()(symbols::TypeId id) const { return std::hash<uint64_t>{}(id.value); }
  };
  struct Known {
    symbols::TypeId resolved = {};
    symbols::Type type = {};
    std::optional<std::vector<symbols::Member>> members = {};
    std::unordered_map<std::string, std::optional<MemberPlace>> by_name = {};
  };
  Known& known(symbols::TypeId id);
  std::optional<MemberPlace> search(symbols::TypeId id, const std::string& name);

  const ObjectSpace& space_;
  std::unordered_map<symbols::TypeId, symbols::TypeId, TypeHash> resolved_;
  std::unordered_map<symbols::TypeId, Known, TypeHash> known_;  // of resolved ones
  std::map<std::string, std::optional<ObjectType>, std::less<>> found_;
};

}  // namespace inquest::objects
