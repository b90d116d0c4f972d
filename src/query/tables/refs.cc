// Who points at whom: words of blocks, and the roots.
#include <algorithm>

#include "objects/references/interior.h"
#include "query/block_words.h"
#include "query/root_owner.h"
#include "query/sources.h"
#include "query/tables/tables.h"

namespace inquest::query {
namespace {

using objects::BlockId;

enum RefColumn : size_t {
  kAt,
  kHolder,
  kOffset,
  kTarget,
  kTargetOffset,
  kInto,
  kKind,
  kThread,
  kOwner
};

/// First the roots, then the words of blocks; those only that the constraints leave.
class RefsCursor : public Cursor {
 public:
  RefsCursor(Sources& sources, const Constraints& constraints)
      : sources_(sources),
        heaps_(sources.heaps()),
        references_(sources.references()),
        words_(sources.snapshot(), heaps_, references_, sources.options().references.pointer_mask),
        rules_(sources.snapshot()) {
    last_root_ = references_.roots().size();
    last_block_ = heaps_.blocks.size();
    if (const std::string* kind = constraints.text(kKind)) {
      if (*kind == "block") last_root_ = 0;
      if (*kind != "block") last_block_ = 0;
    }
    narrow_to_holder(constraints);
    narrow_to_target(constraints);
    if (constraints.impossible()) last_root_ = last_block_ = 0;
  }

  bool next() override {
    if (next_root_ < last_root_) {
      root_ = roots_ ? (*roots_)[next_root_] : next_root_;
      ++next_root_;
      return true;
    }
    root_ = kNoRoot;
    while (!in_block_ || !words_.next(word_)) {
      if (next_block_ >= last_block_ || sources_.interrupted()) return false;
      holder_ = blocks_ ? (*blocks_)[next_block_] : static_cast<BlockId>(next_block_);
      ++next_block_;
      words_.start(holder_, target_);
      in_block_ = true;
    }
    return true;
  }

  void cell(size_t column, Cell& out) override {
    if (root_ != kNoRoot) return root_cell(column, out);
    const heap::Block& holder = heaps_.blocks[holder_];
    const heap::Block& target = heaps_.blocks[word_.target];
    switch (column) {
      case kAt:
        return out.address(word_.at);
      case kHolder:
        return out.address(holder.address());
      case kOffset:
        return out.integer(word_.at - holder.address());
      case kTarget:
        return out.address(target.address());
      case kTargetOffset:
        return out.integer(word_.value - target.address());
      case kInto:
        return out.word(word_.value == target.address()
                            ? objects::name(objects::Into::begin)
                            : objects::name(rules_.classify(target, word_.value.value)));
      case kKind:
        return out.word("block");
    }
  }

  /// Roots may lie in registers, which have no address.
  int64_t row() const override {
    if (root_ != kNoRoot) return -static_cast<int64_t>(root_) - 1;
    return static_cast<int64_t>(word_.at.value);
  }

 private:
  static constexpr size_t kNoRoot = SIZE_MAX;

  std::optional<BlockId> block_that_begins(int64_t at) const {
    const heap::Block* block = heaps_.block_at({static_cast<uint64_t>(at)});
    if (!block || block->begin != static_cast<uint64_t>(at)) return {};
    return static_cast<BlockId>(block - heaps_.blocks.data());
  }

  void narrow_to_holder(const Constraints& constraints) {
    auto at = constraints.number(kHolder);
    if (!at) return;
    auto block = block_that_begins(*at);
    last_root_ = 0;
    next_block_ = block.value_or(0);
    last_block_ = block && last_block_ != 0 ? *block + 1 : 0;
  }

  void narrow_to_target(const Constraints& constraints) {
    auto at = constraints.number(kTarget);
    if (!at) return;
    auto block = block_that_begins(*at);
    if (!block) {
      last_root_ = last_block_ = 0;
      return;
    }
    target_ = *block;
    if (last_root_ != 0) {
      roots_ = sources_.holders().roots_of(*block);
      last_root_ = roots_->size();
    }
    if (last_block_ != 0 && !constraints.number(kHolder)) {
      blocks_ = sources_.holders().of(*block);
      last_block_ = blocks_->size();
    }
  }

  void root_cell(size_t column, Cell& out) {
    const objects::Root& root = references_.roots()[root_];
    switch (column) {
      case kAt:
        if (root.kind != objects::RootKind::registers) out.address(root.at);
        return;
      case kTarget:
        return out.address(heaps_.blocks[root.block].address());
      case kTargetOffset:
        return put_root_offset(root, out);
      case kInto:
        return out.word(objects::name(root.into));
      case kKind:
        return out.word(objects::name(root.kind));
      case kThread:
        if (root.thread != 0) out.integer(root.thread);
        return;
      case kOwner:
        return out.text_if_any(root_owner(sources_.process(), root));
    }
  }

  void put_root_offset(const objects::Root& root, Cell& out) const {
    uint64_t begin = heaps_.blocks[root.block].begin;
    if (root.into == objects::Into::begin) return out.integer(0);
    if (root.kind == objects::RootKind::registers) return;
    auto word = sources_.process().memory().read_pointer(
        root.at, snapshot::pointer_size(sources_.process().arch()));
    if (word) out.integer((*word & ~sources_.options().references.pointer_mask) - begin);
  }

  Sources& sources_;
  const heap::Heaps& heaps_;
  const objects::References& references_;
  BlockWords words_;
  objects::InteriorRules rules_;

  // What is still to come: [next, last) of all roots and blocks, or of these.
  std::optional<std::span<const uint32_t>> roots_ = {};
  std::optional<std::span<const BlockId>> blocks_ = {};
  size_t next_root_ = 0, last_root_ = 0, next_block_ = 0, last_block_ = 0;
  BlockId target_ = objects::References::kNone;

  size_t root_ = kNoRoot;
  BlockId holder_ = 0;
  bool in_block_ = false;
  BlockWords::Word word_ = {};
};

class RefsTable : public Table {
 public:
  RefsTable()
      : Table("refs", "every pointer to a used block: from other blocks, and from the roots",
              {{"at", Type::address, "where the pointer lies; NULL for registers"},
               {"holder", Type::address, "the block that it lies in; NULL for roots", Search::equal,
                4},
               {"offset", Type::integer, "of the pointer in the holder"},
               {"target", Type::address, "the block that it points to", Search::equal, 3},
               {"target_offset", Type::integer, "bytes into the target"},
               {"points_to", Type::text,
                "begin; by rule: array, base class, string, length, thread vector; middle (maybe "
                "chance)"},
               {"kind", Type::text, "block; roots: registers, stack, global, thread-local, mapping",
                Search::equal, 1e5},
               {"thread", Type::integer, "of registers, stacks and thread-local data: threads.id"},
               {"owner", Type::text, "of a root, in words: a variable, a mapping"}}) {}

  std::unique_ptr<Cursor> open(Sources& sources, const Constraints& constraints) const override {
    return std::make_unique<RefsCursor>(sources, constraints);
  }
  double guessed_rows() const override { return 5e6; }
};

}  // namespace

std::unique_ptr<Table> refs_table() { return std::make_unique<RefsTable>(); }

}  // namespace inquest::query
