/// Types, flattened for following pointers: of each type where in it pointers lie and to what they
/// lead.
///
/// One entry for a type of the program, however many units and modules describe it: by its
/// qualified name and size (types without a name by where they are described). Layouts are made
/// when first asked, each once: bases and arrays expanded, links of described containers in the
/// place of the pointers that they explain better. Not thread-safe while it grows; reading what is
/// made is.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "objects/typing.h"

namespace inquest::objects {

/// A word of an object that points somewhere.
struct PointerSlot {
  uint32_t offset = 0;
  TypeIndex target = 0;  ///< 0: not known (void*, functions)
  uint32_t into = 0;     ///< what the pointer leads to lies so far from the target's begin
  bool is_link = false;  ///< said by a container's description
  bool is_weak = false;  ///< of a union's member: it may be something else
  bool is_end = false;   ///< by its name it leads behind the last of a range
};

struct Layout {
  bool is_made = false;
  bool is_bytes = false;                ///< char, unsigned char, std::byte
  bool is_pointer = false;              ///< a pointer itself
  bool is_scalar = false;               ///< a number, an enumeration, a pointer
  bool has_vptr = false;                ///< begins with the pointer to a virtual table
  std::vector<PointerSlot> slots = {};  ///< ascending by offset, one an offset
  /// What lies at the very begin, innermost last: first bases, first members of class type.
  std::vector<TypeIndex> at_begin = {};
};

class TypeTable {
 public:
  /// Borrows both.
  TypeTable(const std::vector<ModuleTypes>& modules, const Descriptions& containers,
            unsigned word_size);

  /// Typedefs and const stripped; 0 for void and what is not described.
  TypeIndex index_of(const symbols::TypeReader* reader, symbols::TypeId id);
  /// A type by its name as run-time type information or a template's arguments spell it; one
  /// without a layout when no debug information describes it.
  TypeIndex by_rtti_name(const std::string& name);
  /// Of debug information only; `reader` is asked first.
  TypeIndex find(std::string_view name, const symbols::TypeReader* reader = nullptr);
  /// By a name as descriptions give it: "X", or "X*", a pointer to it. 0 when X is not described.
  TypeIndex described(std::string_view name, const symbols::TypeReader& reader);
  /// One that only has a name: "text", "std::map node".
  TypeIndex named(std::string_view name, uint64_t size = 0);

  const Layout& layout(TypeIndex type);  ///< made when needed
  const Layout& made(TypeIndex type) const { return layouts_[type]; }
  const std::vector<TypeInfo>& types() const { return types_; }
  std::vector<TypeInfo> take() { return std::move(types_); }
  uint64_t size(TypeIndex type) const { return types_[type].size; }

  /// Whether an object of `derived` begins with one of `base`: then it is the same object, known
  /// better.
  bool begins_with(TypeIndex derived, TypeIndex base);

 private:
  struct Key {
    const symbols::TypeReader* reader;
    uint64_t id;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const {
      return std::hash<const void*>()(key.reader) ^ (key.id * 0x9e3779b97f4a7c15ull);
    }
  };
  struct Expansion;

  TypeIndex find_instance(std::string_view name);
  TypeIndex add(const symbols::TypeReader* reader, symbols::TypeId id, const symbols::Type& type);
  size_t module_of(const symbols::TypeReader* reader) const;
  void make(TypeIndex type);
  void expand(Expansion& to, const symbols::TypeReader& reader, symbols::TypeId id, uint64_t offset,
              size_t depth, bool weak);
  void expand_class(Expansion& to, const symbols::TypeReader& reader, symbols::TypeId id,
                    const symbols::Type& type, uint64_t offset, size_t depth, bool weak);
  void expand_union(Expansion& to, const symbols::TypeReader& reader, symbols::TypeId id,
                    uint64_t offset, size_t depth);
  void add_cells(Expansion& to, const symbols::TypeReader& reader, symbols::TypeId id,
                 const std::string& name, uint64_t offset, size_t depth, bool weak);
  void add_links(Expansion& to, const symbols::TypeReader& reader, symbols::TypeId id,
                 const std::string& name, uint64_t offset, bool weak);
  std::optional<uint64_t> offset_of(const symbols::TypeReader& reader, symbols::TypeId id,
                                    std::string_view path, size_t depth) const;

  const std::vector<ModuleTypes>& modules_;
  const Descriptions& containers_;
  unsigned word_size_;
  std::vector<TypeInfo> types_;
  std::deque<Layout> layouts_;
  std::unordered_map<Key, TypeIndex, KeyHash> by_id_;
  std::unordered_map<std::string, std::vector<TypeIndex>> by_name_;
  std::unordered_map<std::string, TypeIndex> found_;  // 0: looked for in vain
  std::unordered_map<std::string, std::unordered_map<std::string, TypeIndex>> instances_;
};

/// Whether a variable or member is called the end of a range: "end", "_M_finish", "items_end",
/// "m_last", "__end_cap_". ("last" may be an object
/// as well; it is not believed to be one.)
bool is_end_name(std::string_view name);

/// Two spellings of one type compare equal.
std::string plain_spelling(std::string_view name);

}  // namespace inquest::objects
