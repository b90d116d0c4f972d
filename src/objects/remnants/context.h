/// What the searches for remnants share: types with layouts of their own, virtual tables, blocks.
/// Borrows its input. For one thread, but for what is said to be const.
#pragma once

#include <map>
#include <vector>

#include "objects/references/block_index.h"
#include "objects/remnants.h"
#include "objects/types/piece_view.h"
#include "objects/types/type_table.h"
#include "objects/types/virtual_tables.h"

namespace inquest::objects {

/// A word that can be a pointer to a virtual table.
struct TableWord {
  uint64_t at = 0, word = 0;
};

/// What a class consists of: bases and members that are classes, however deep, and where in it
/// pointers to virtual tables lie.
struct ClassParts {
  struct Part {
    uint64_t offset;
    TypeIndex type;
  };
  std::vector<Part> parts = {};
  std::vector<uint64_t> tables = {};
};

class RemnantContext {
 public:
  RemnantContext(const TypingInput& input, const Typing& typing, const RemnantOptions& options);

  /// Words of the ranges, which ascend, that point where virtual tables may lie, ascending; their
  /// tables are prepared. Cut after `options.most` of them. Reads on all cores.
  std::vector<TableWord> table_words(const std::vector<AddressRange>& ranges, bool& is_cut);

  /// The type of a used block as this table numbers it, with its layout made; 0: none.
  TypeIndex own_type(TypeIndex of_typing);
  const ClassParts& parts(TypeIndex type);
  bool has_part(TypeIndex type, uint64_t offset, TypeIndex part);
  /// How well the words of what may be an object at `at` fit its class; 0: not at all. What lies
  /// before `from` was overwritten.
  uint8_t plausibility(TypeIndex type, uint64_t at, uint64_t from);

  uint64_t word_at(uint64_t at);  ///< 0 where there is none
  const heap::Block& block(BlockId id) const { return input.heaps.blocks[id]; }

  const TypingInput& input;
  const Typing& typing;
  const RemnantOptions& options;
  unsigned word_size;
  TypeTable types;
  VirtualTables tables;
  BlockIndex index;  ///< of no blocks unless freed ones are looked at
  /// Classes of living objects by the size of their blocks, each once.
  std::map<uint64_t, std::vector<TypeIndex>> living = {};

 private:
  void add_parts(ClassParts& to, const symbols::TypeReader& reader, symbols::TypeId id,
                 uint64_t offset, size_t depth);
  void find_living();

  std::vector<TypeIndex> own_types_;
  std::vector<bool> has_own_type_;
  std::map<TypeIndex, ClassParts> parts_;
  PieceView view_;
};

/// Objects in memory that no allocator owns.
void find_outside(RemnantContext& context, Remnants& out);
/// Objects that freed blocks still hold, by what is left in them.
void find_freed(RemnantContext& context, Remnants& out);
/// Freed objects to which living ones still point. Adds to `out.all`, which ascends, and keeps it
/// so.
void find_dangling(RemnantContext& context, Remnants& out);

}  // namespace inquest::objects
