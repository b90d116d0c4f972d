#include "heap/inferred/inferred.h"

#include <algorithm>
#include <cstring>
#include <fmt/core.h>

#include "heap/collect.h"

namespace inquest::heap {
namespace {

using snapshot::Region;

constexpr uint64_t kLeastMapping = 64 << 10;
constexpr uint64_t kStackGuard = 64 << 10;        // a guard below a stack is no larger
constexpr size_t kMostTargets = size_t{1} << 26;  // 512 MiB of them
constexpr size_t kMostInferredArenas = 1 << 14;

class Inference {
 public:
  Inference(const Input& input, Heaps& heaps)
      : process_(input.process), heaps_(heaps), word_(snapshot::pointer_size(input.process.arch)) {}

  void infer() {
    find_unowned();
    if (unowned_.empty()) return;
    const auto& memory = process_.memory;
    for (const auto& piece : memory.pieces()) {
      const Region* region = process_.region_at(piece.begin);
      if (region && region->access && !region->access->write) continue;
      scan(piece);
    }
    std::sort(targets_.begin(), targets_.end());
    targets_.erase(std::unique(targets_.begin(), targets_.end()), targets_.end());
    if (!targets_.empty()) add_blocks();
  }

 private:
  static bool is_data(const Region& region) {
    return region.file.empty() && !region.shared && region.access && region.access->read &&
           region.access->write && !region.access->execute;
  }
  bool is_forbidden(const Region& region) const {
    return region.access && !region.access->read && !region.access->write;
  }

  /// A thread stands in it, or what looks like a guard lies right below: a stack, perhaps of a
  /// thread that ended. (The main thread's static TLS says nothing: the kernel joins the loader's
  /// mapping of it with what is mapped beside.)
  bool is_stack(size_t index) const {
    const Region& region = process_.regions[index];
    for (const auto& thread : process_.threads) {
      auto sp = thread.registers.sp();
      if (sp && region.range.contains(*sp)) return true;
    }
    if (index == 0) return false;
    const Region& below = process_.regions[index - 1];
    return below.range.end == region.range.begin && is_forbidden(below) &&
           below.range.size() <= kStackGuard;
  }
  bool is_end_of_module(const Region& region) const {
    return process_.module_at(region.range.begin) || process_.module_at(region.range.begin - 1);
  }

  void find_unowned() {
    std::vector<AddressRange> owned;
    for (const Arena& arena : heaps_.arenas)
      owned.insert(owned.end(), arena.segments.begin(), arena.segments.end());
    for (const Allocator& allocator : heaps_.allocators)
      owned.insert(owned.end(), allocator.books.begin(), allocator.books.end());
    join(owned);
    for (size_t i = 0; i < process_.regions.size(); ++i) {
      const Region& region = process_.regions[i];
      if (!is_data(region) || region.range.size() < kLeastMapping || region.recorded == 0) continue;
      if (is_stack(i) || is_end_of_module(region)) continue;
      auto own = std::partition_point(owned.begin(), owned.end(), [&](const AddressRange& range) {
        return range.end <= region.range.begin;
      });
      // A mapping that an allocator owns in part is its affair.
      if (own != owned.end() && own->begin < region.range.end) continue;
      unowned_.push_back(region.range);
      if (unowned_.size() == kMostInferredArenas) return;
    }
  }

  void scan(const snapshot::Memory::Piece& piece) {
    const uint64_t low = unowned_.front().begin.value, span = unowned_.back().end.value - low;
    uint64_t skip = (word_ - piece.begin.value % word_) % word_;
    for (uint64_t at = skip; at + word_ <= piece.bytes.size(); at += word_) {
      uint64_t value = 0;
      std::memcpy(&value, piece.bytes.data() + at, word_);
      if (value - low >= span || value % word_ != 0) continue;
      if (targets_.size() == kMostTargets) make_room();
      if (targets_.size() < kMostTargets && unowned_at(value)) targets_.push_back(value);
    }
  }
  bool unowned_at(uint64_t value) const {
    auto range = std::partition_point(
        unowned_.begin(), unowned_.end(),
        [&](const AddressRange& candidate) { return candidate.end.value <= value; });
    return range != unowned_.end() && range->contains({value});
  }
  /// Most words repeat each other.
  void make_room() {
    if (is_full_) return;
    std::sort(targets_.begin(), targets_.end());
    targets_.erase(std::unique(targets_.begin(), targets_.end()), targets_.end());
    is_full_ = targets_.size() > kMostTargets / 2;
  }

  void add_blocks() {
    const size_t outer = heaps_.blocks.size();
    Collector collector(
        heaps_,
        {.name = "inferred", .layout = "guessed: from each place that is pointed at to the next"});
    auto target = targets_.begin();
    for (const AddressRange& range : unowned_) {
      auto end = std::lower_bound(target, targets_.end(), range.end.value);
      if (target == end) continue;
      size_t arena =
          collector.add_arena({.name = fmt::format("inferred at {:#x}", range.begin.value),
                               .segments = {{{*target}, range.end}}});
      for (; target != end; ++target) {
        uint64_t next = std::next(target) == end ? range.end.value : *std::next(target);
        collector.add(*target, next - *target, State::used, arena);
      }
    }
    collector.warn(
        "the blocks of the allocator \"inferred\" are guesses, and so is what is lost of them",
        "describe the program's pools with --pools to know");
    if (is_full_) collector.warn("more places are pointed at than blocks can be inferred from");
    collector.finish("inferred blocks");
    std::inplace_merge(heaps_.blocks.begin(), heaps_.blocks.begin() + static_cast<ptrdiff_t>(outer),
                       heaps_.blocks.end(),
                       [](const Block& a, const Block& b) { return a.begin < b.begin; });
  }

  const snapshot::Snapshot& process_;
  Heaps& heaps_;
  const unsigned word_;
  std::vector<AddressRange> unowned_;  // ascending
  std::vector<uint64_t> targets_;
  bool is_full_ = false;
};

}  // namespace

void infer_blocks(const Input& input, Heaps& heaps) { Inference(input, heaps).infer(); }

}  // namespace inquest::heap
