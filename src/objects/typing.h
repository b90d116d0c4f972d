/// What each block is: its type, how that is known, and how sure it is.
///
/// Sources of knowledge, strongest first: the pointer to a virtual table in the object itself
/// (named by symbols or by the type information in the image), a typed holder (a global, a local,
/// `this`, a member of an object already known) that points to it, a container whose description
/// says what its links lead to, the bytes (text), the structure alone, likeness to typed blocks.
/// A stronger source wins; where two of one strength disagree, the conflict is kept and counted.
/// Values; reading is safe from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "heap/heap.h"
#include "objects/containers.h"
#include "objects/references.h"
#include "snapshot/snapshot.h"
#include "symbols/types.h"

namespace inquest::objects {

using TypeIndex = uint32_t;  ///< index into Typing::types(); 0: not known

/// Strongest first, but for `unknown`.
enum class How : uint8_t {
  unknown,
  virtual_table,  ///< it begins with (or holds, at a base) a virtual table that symbols name
  rtti,           ///< the same, named by the type information in the image
  holder,         ///< a typed variable or member points to it
  container,      ///< a link of a described container leads to it
  text,           ///< characters
  shape,          ///< built like a known kind of node, of what is not known
  likeness,       ///< its words are like those of typed blocks of its size: a guess
};
inline constexpr size_t kHows = 8;
std::string_view name(How how);  ///< "virtual table", "rtti", "holder", ...

/// Eight bytes, because there are millions. The block holds `type` at its begin (behind the count
/// of `new T[n]` when `behind_count`), as often as it fits when `is_array`.
struct BlockType {
  TypeIndex type = 0;
  How how = How::unknown;
  uint8_t percent = 0;  ///< how likely it is right
  bool is_array = false;
  bool behind_count = false;
};
static_assert(sizeof(BlockType) == 8);

struct TypeInfo {
  std::string name = {};     ///< qualified: "game::Guild"; of shapes: "std::map node", "text"
  uint64_t size = 0;         ///< 0: not known
  size_t module = SIZE_MAX;  ///< index into Input::modules of its debug information
  symbols::TypeId id = {};   ///< there; 0 when none describes it
  const symbols::TypeReader* reader = nullptr;  ///< borrowed; null when none describes it
};

/// A place whose type is known from outside the heap: a global, a local of a frame, `this`.
struct TypedPlace {
  Address at;
  symbols::TypeId type;
  const symbols::TypeReader* reader = nullptr;
  std::string name = {};  ///< "g_rooms", "Room::tick() this"
  uint32_t thread = 0;    ///< of a local; 0 otherwise
};

/// A module as this room sees it. Borrowed.
struct ModuleTypes {
  const snapshot::Module* module = nullptr;
  const symbols::TypeReader* types = nullptr;  ///< null when there is no debug information
  /// The name of the symbol that begins at or holds an address, demangled; may be empty.
  std::function<std::string(Address)> symbol_at = {};
  /// The name of the symbol that begins at an address, for symbols without sizes; may be empty.
  std::function<std::string(Address)> symbol_begin = {};
};

/// Borrowed for as long as the Typing lives.
struct TypingInput {
  const snapshot::Snapshot& process;
  const heap::Heaps& heaps;
  const References& references;
  std::vector<ModuleTypes> modules = {};
  std::vector<TypedPlace> places = {};
  const Descriptions& containers;
  size_t threads = 0;  ///< 0: all cores
};

/// Two sources of one strength that name different types for a block.
struct TypeConflict {
  BlockId block;
  TypeIndex taken, other;
  How how;
};

/// An object that begins in no block's begin: a typed pointer leads into the middle of a block of
/// which nothing else is known there (a pool, a memory context), or into memory that no allocator
/// owns (a mapping used as an arena). No block is typed by it, and the census does not count it.
struct InteriorObject {
  Address at;
  Address word;        ///< of the pointer that says so, of the surest of them
  uint64_t count = 1;  ///< elements, where the pointer's neighbour says where they end
  TypeIndex type = 0;
  BlockId block = References::kNone;  ///< that holds it; kNone: none does
  How how = How::unknown;             ///< holder, container, virtual_table, rtti
  uint8_t percent = 0;                ///< how likely it is right
  bool is_disputed = false;           ///< another of another type overlaps with it
};

/// One line of the census.
struct TypeSum {
  TypeIndex type = 0;
  uint64_t blocks = 0, objects = 0;  ///< objects: elements of arrays each
  uint64_t bytes = 0;                ///< usable, of the blocks
  uint64_t by[kHows] = {};           ///< blocks, by how
};

class Typing {
 public:
  /// Never fails: what is not known stays unknown.
  static Typing find(const TypingInput& input);
  ~Typing();
  Typing(Typing&&) noexcept;

  BlockType of(BlockId block) const;
  /// Of index 0: the unknown type, without a name.
  const std::vector<TypeInfo>& types() const;
  /// 0 when no block has a type of that name.
  TypeIndex find_type(std::string_view qualified_name) const;
  /// The used blocks, most bytes first; the unknown ones are a line too.
  const std::vector<TypeSum>& census() const;
  const std::vector<TypeConflict>& conflicts() const;  ///< the first 1000
  uint64_t conflict_count() const;
  /// The typed places that were used, globals of modules included. Ascending by address.
  const std::vector<TypedPlace>& places() const;
  /// Ascending by address, disjoint.
  const std::vector<InteriorObject>& interiors() const;
  /// The one whose bytes hold `at`; null when none does.
  const InteriorObject* interior_at(Address at) const;
  /// Of all its elements; 0 when the type's size is not known.
  uint64_t size_of(const InteriorObject& object) const;
  uint64_t own_bytes() const;

 private:
  struct Impl;
  explicit Typing(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace inquest::objects
