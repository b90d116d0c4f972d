/// Layouts of types and places of variables, read from debug information on demand.
///
/// A TypeId is cheap and valid while its TypeReader lives. All functions are safe from several
/// threads. Sizes and offsets are in bytes, counted from the start of the object; bit fields say
/// their bits. Absence: optional, null or empty; damaged debug information reads as absent.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "snapshot/registers.h"

namespace inquest::symbols {

/// A type: the offset of its description in the debug information. 0 is "void or unknown".
struct TypeId {
  uint64_t value = 0;
  explicit operator bool() const { return value != 0; }
  friend auto operator<=>(TypeId, TypeId) = default;
};

enum class TypeKind : uint8_t {
  unknown,
  base,
  pointer,
  reference,
  class_,
  union_,
  enum_,
  array,
  function,
  typedef_,
  qualified,
  member_pointer,
};
enum class Encoding : uint8_t { none, boolean, signed_, unsigned_, floating, character, utf };

struct Type {
  TypeKind kind = TypeKind::unknown;
  std::string name = {};  ///< qualified: "game::Guild", "std::vector<int, std::allocator<int> >"
  uint64_t size = 0;      ///< 0 when not known or incomplete
  TypeId target = {};     ///< pointee, element, aliased or qualified type
  uint64_t count = 0;     ///< elements of an array; 0 when not known
  Encoding encoding = Encoding::none;
  bool is_declaration = false;
};

struct Member {
  std::string name = {};  ///< empty for a base class and for an anonymous member
  TypeId type = {};
  uint64_t offset = 0;
  uint32_t bit_size = 0;    ///< 0 for a whole member
  uint32_t bit_offset = 0;  ///< within the bytes at `offset`
  bool is_base = false;
  bool is_virtual_base = false;  ///< then offset is not known
  bool is_artificial = false;    ///< `_vptr`
};

struct Enumerator {
  std::string name;
  int64_t value;
};

/// Where a variable lives at one pc, after evaluation.
struct Place {
  enum class Kind : uint8_t {
    memory,
    in_register,
    constant,
    optimised_out
  } kind = Kind::optimised_out;
  uint64_t value = 0;          ///< address, or constant
  snapshot::Register reg = 0;  ///< for in_register
  /// Of optimised_out: debug information does say where it is, but by a register or a word of
  /// memory that is not known of this frame.
  bool is_lost = false;
};

struct Variable {
  std::string name = {};  ///< "this" included
  TypeId type = {};
  bool is_parameter = false;
  bool is_artificial = false;  ///< `this`
  uint32_t inline_depth = 0;   ///< 0: the function itself; n: the n-th inlined call into it
  uint32_t line = 0;           ///< where it is declared; 0 when not known
  Place place = {};
};

/// What evaluating a location needs of a frame. Absent answers make it "optimised out" and lost.
struct FrameAccess {
  std::function<std::optional<uint64_t>(snapshot::Register)> reg;
  std::function<std::optional<uint64_t>(Address, unsigned size)> memory;
  std::optional<Address> cfa;
  uint64_t bias = 0;           ///< address = file's virtual address + bias
  std::optional<Address> tls;  ///< thread pointer
};

class TypeReader {
 public:
  virtual ~TypeReader() = default;

  virtual Type type(TypeId id) const = 0;
  /// Bases first, then members in order of offset. Not the members of bases.
  virtual std::vector<Member> members(TypeId id) const = 0;
  virtual std::vector<Enumerator> enumerators(TypeId id) const = 0;
  /// By qualified name; the complete one where there are several; 0 when none.
  virtual TypeId find(std::string_view qualified_name) const = 0;
  /// The complete classes made of a template, by its qualified name without arguments
  /// ("std::_List_node"), one of each name. Costs what each_global costs, once.
  virtual std::vector<TypeId> instances(std::string_view template_name) const = 0;

  /// The complete classes with a name, unions left out, whose objects take so many bytes. Empty
  /// where the source keeps no such list (PDB). Costs what each_global costs, once.
  virtual std::vector<TypeId> classes_of_size(uint64_t) const { return {}; }

  /// Parameters and locals in scope at rva, outer function and inlined calls, with places.
  virtual std::vector<Variable> variables_at(Rva rva, const FrameAccess& frame) const = 0;
  /// What the function whose code is at rva returns (of inlined calls: the outer function); 0 for
  /// void, and when it is not known.
  virtual TypeId result_type(Rva) const { return {}; }
  /// The global or static variable whose storage holds `rva`, with its type; absent when none.
  struct Global {
    std::string name;
    TypeId type;
    Rva begin;  ///< of a thread-local: its offset in the module's thread-local block
    bool is_thread_local = false;
  };
  virtual std::optional<Global> global_at(Rva rva) const = 0;
  virtual std::vector<Global> globals(std::string_view name) const = 0;
  /// Every global and static variable with storage of its own (static members and statics in
  /// functions included; of a PDB those in functions are not), ascending by address, thread-locals
  /// last; a place may come more than once. The first call reads all debug information once, on all
  /// cores, skipping most of it by length (of a PDB: the one stream of globals). Afterwards `find`
  /// is a look-up.
  virtual void each_global(const std::function<void(const Global&)>& each) const = 0;

  /// Strips typedefs and const/volatile.
  TypeId resolve(TypeId id) const;
  /// The path of members that holds byte `offset` of a `type`: "stats.rank", "Base::id",
  /// "slots[3]"; with the innermost member's type. Absent when outside or unknown.
  struct MemberPath {
    std::string path;
    std::string owner;
    TypeId type;
    uint64_t offset_in_member;
  };
  std::optional<MemberPath> member_at(TypeId type, uint64_t offset) const;
};

}  // namespace inquest::symbols
