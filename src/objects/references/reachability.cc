#include "objects/references/reachability.h"

#include <array>

namespace inquest::objects {
namespace {

/// Marks depth first. Blocks on their way to be looked at wait in a short queue while the processor
/// fetches their rows.
class Marking {
 public:
  Marking(const heap::Heaps& heaps, const Rows& rows) : rows_(rows), reach_(heaps.blocks.size()) {
    for (size_t i = 0; i < reach_.size(); ++i) {
      bool is_used = heaps.blocks[i].state() == heap::State::used;
      reach_[i] = is_used ? Reach::lost : Reach::none;
    }
  }

  void mark(BlockId block, Reach reach) {
    if (reach_[block] != Reach::lost) return;
    reach_[block] = reach;
    stack_.push_back(block);
  }

  /// Everything that marked blocks point to. What only doubtful pointers name is kept for later.
  void spread(Reach reach) {
    std::array<BlockId, kAhead> queue;
    size_t head = 0, tail = 0;
    while (true) {
      while (tail - head < kAhead && !stack_.empty()) {
        BlockId block = stack_.back();
        stack_.pop_back();
        __builtin_prefetch(rows_.end_of(block));
        queue[tail++ % kAhead] = block;
        if (tail - head > kAhead / 2) {
          auto row = rows_.from(queue[(tail - kAhead / 2) % kAhead]);
          __builtin_prefetch(row.data());
        }
      }
      if (head == tail) return;
      take_row(queue[head++ % kAhead], reach);
    }
  }

  std::vector<BlockId> take_doubtful() { return std::move(doubtful_); }
  std::vector<Reach> take() { return std::move(reach_); }

 private:
  static constexpr size_t kAhead = 16;

  void take_row(BlockId block, Reach reach) {
    auto row = rows_.from(block);
    for (size_t i = 0; i < row.size(); ++i) {
      if (reach_[row[i]] != Reach::lost) continue;
      if (reach == Reach::reachable && rows_.is_doubtful(block, i)) {
        doubtful_.push_back(row[i]);
      } else {
        mark(row[i], reach);
      }
    }
  }

  const Rows& rows_;
  std::vector<Reach> reach_;
  std::vector<BlockId> stack_, doubtful_;
};

}  // namespace

std::vector<Reach> find_reach(const heap::Heaps& heaps, const Rows& rows,
                              const std::vector<Root>& roots) {
  Marking marking(heaps, rows);
  for (const Root& root : roots) {
    if (root.into != Into::middle) marking.mark(root.block, Reach::reachable);
  }
  marking.spread(Reach::reachable);
  for (const Root& root : roots) marking.mark(root.block, Reach::possible);
  for (BlockId block : marking.take_doubtful()) marking.mark(block, Reach::possible);
  marking.spread(Reach::possible);
  return marking.take();
}

}  // namespace inquest::objects
