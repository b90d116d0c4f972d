#include "cause/heap/suspects.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

namespace inquest::cause {
namespace {

using objects::BlockId;
using objects::is_block;
using objects::kAllRoots;
using objects::kFirstOwner;
using objects::kNobody;
using objects::Node;

/// Size and type.
using HeldKey = std::pair<uint64_t, uint64_t>;

/// So much of a parent's bytes in one child means that they do not spread there.
constexpr double kMostOfIt = 0.7;
constexpr size_t kSuspects = 10, kOwnersSearched = 3, kKinds = 3;

/// Sums by size; types of so many of a size as are few beside all.
class KindCount {
 public:
  KindCount(const heap::Heaps& heaps, const BlockTypes& types) : heaps_(heaps), types_(types) {}

  void add(BlockId block) {
    const heap::Block& some = heaps_.blocks[block];
    OfSize& sum = sizes_[some.size];
    constexpr uint64_t kAll = 256, kOneOf = 64;
    if (sum.blocks < kAll || sum.blocks % kOneOf == 0) {
      ++sum.types[types_.type_of(some)];
      ++sum.asked;
    }
    ++sum.blocks;
  }

  /// Most bytes first.
  std::vector<answer::HeldKind> take() const {
    std::vector<std::pair<uint64_t, const OfSize*>> order;
    for (const auto& [size, sum] : sizes_) order.emplace_back(size, &sum);
    size_t shown = std::min(order.size(), kKinds);
    std::ranges::partial_sort(
        order, order.begin() + static_cast<ptrdiff_t>(shown), {},
        [](const auto& one) { return std::pair(~(one.first * one.second->blocks), one.first); });
    order.resize(shown);
    std::vector<answer::HeldKind> kinds;
    for (const auto& [size, sum] : order) {
      auto most = std::ranges::max_element(sum->types, {}, [](const auto& t) { return t.second; });
      answer::HeldKind kind{.size = size, .blocks = sum->blocks, .bytes = size * sum->blocks};
      if (most->first != 0 && most->second * 2 > sum->asked) {
        kind.type = types_.name_of(most->first);
        kind.type_share = static_cast<double>(most->second) / static_cast<double>(sum->asked);
      }
      kinds.push_back(std::move(kind));
    }
    return kinds;
  }

 private:
  struct OfSize {
    uint64_t blocks = 0, asked = 0;
    std::map<uint64_t, uint64_t> types = {};
  };
  const heap::Heaps& heaps_;
  const BlockTypes& types_;
  std::unordered_map<uint64_t, OfSize> sizes_;
};

class SuspectFinder {
 public:
  explicit SuspectFinder(const SuspectInput& input) : in_(input) {
    const objects::ReferenceTotals& totals = in_.references.totals();
    all_bytes_ = totals.reachable.bytes + totals.possible.bytes + totals.definite.bytes +
                 totals.indirect.bytes;
    auto share = static_cast<uint64_t>(in_.least_share * static_cast<double>(all_bytes_));
    least_ = std::max(share, in_.least_bytes);
  }

  std::vector<answer::Suspect> find() {
    in_.dominators.each_child(kAllRoots, [&](Node top) {
      if (retained(top) >= least_) left_.push_back({top});
    });
    while (!left_.empty()) {
      Path path = std::move(left_.back());
      left_.pop_back();
      follow(std::move(path));
    }
    take_crowds();
    std::ranges::stable_sort(found_, std::greater(), &answer::Suspect::bytes);
    if (found_.size() > kSuspects) found_.resize(kSuspects);
    return std::move(found_);
  }

 private:
  using Path = std::vector<Node>;  // from what is right below all roots

  uint64_t retained(Node node) const { return in_.dominators.retained_bytes(node); }
  HeldKey kind_of(BlockId block) const {
    const heap::Block& some = in_.heaps.blocks[block];
    return {some.size, in_.types.type_of(some)};
  }

  /// Down as long as one child has most, and no kind comes again and again.
  void follow(Path path) {
    std::map<HeldKey, std::vector<size_t>> seen;  // where in the path
    for (size_t i = 0; i < path.size(); ++i) {
      if (is_block(path[i])) seen[kind_of(path[i])].push_back(i);
    }
    while (true) {
      Node child = in_.dominators.largest_child(path.back());
      if (child == kNobody || !is_block(child)) break;
      auto& same = seen[kind_of(child)];
      bool spreads = static_cast<double>(retained(child)) <
                     kMostOfIt * static_cast<double>(retained(path.back()));
      // A list: the third of a kind. A tree: it spreads among its own kind.
      constexpr size_t kAgain = 2;
      bool is_tree = spreads && !same.empty() && same.back() + 1 == path.size();
      if (same.size() >= kAgain || is_tree) {
        // A list's or a tree's first node may have no holder but the roots themselves.
        path.resize(std::max<size_t>(same.front(), 1));
        return report(path);
      }
      if (spreads) break;
      same.push_back(path.size());
      path.push_back(child);
    }
    if (!split(path)) report(path);
  }

  /// Few large things of different kinds are looked at one by one.
  bool split(const Path& path) {
    std::vector<Node> large;
    uint64_t bytes = 0;
    in_.dominators.each_child(path.back(), [&](Node child) {
      if (retained(child) < least_) return;
      large.push_back(child);
      bytes += retained(child);
    });
    std::set<HeldKey> kinds;
    for (Node child : large) kinds.insert(kind_of(child));
    if (bytes * 2 < retained(path.back()) || kinds.size() < large.size()) return false;
    for (Node child : large) {
      left_.push_back(path);
      left_.back().push_back(child);
    }
    return true;
  }

  void report(const Path& path) {
    Node holder = path.back();
    if (retained(holder) < least_) return;
    answer::Suspect suspect{.bytes = retained(holder),
                            .blocks = in_.dominators.retained_blocks(holder),
                            .share = share_of(retained(holder))};
    if (is_block(path.front())) {
      suspect.owners = owners_of({path.front()});
    } else {
      suspect.owners = {in_.dominators.owners()[path.front() - kFirstOwner].name};
    }
    if (is_block(holder)) {
      const heap::Block& block = in_.heaps.blocks[holder];
      suspect.holder = block.address();
      suspect.holder_size = block.size;
      suspect.holder_type = in_.types.name_of(in_.types.type_of(block));
      if (suspect.holder_type.empty() || is_buffer(suspect.holder_type)) find_inside(path, suspect);
    }
    KindCount kinds(in_.heaps, in_.types);
    in_.dominators.each_below(holder, [&](BlockId block) { kinds.add(block); });
    suspect.kinds = kinds.take();
    found_.push_back(std::move(suspect));
  }

  /// An array is somebody's buffer: whose, is the question.
  static bool is_buffer(const std::string& type) { return type.ends_with("[]"); }

  void find_inside(const Path& path, answer::Suspect& suspect) const {
    constexpr size_t kFar = 3;
    for (size_t i = path.size() - 1; i-- > 0 && path.size() - i <= kFar && is_block(path[i]);) {
      const heap::Block& above = in_.heaps.blocks[path[i]];
      suspect.inside_type = in_.types.name_of(in_.types.type_of(above));
      if (suspect.inside_type.empty() || is_buffer(suspect.inside_type)) {
        suspect.inside_type.clear();
        continue;
      }
      suspect.inside = above.address();
      return;
    }
  }

  /// Many small blocks of one kind that several owners keep together.
  void take_crowds() {
    std::map<HeldKey, std::vector<BlockId>> crowds;
    in_.dominators.each_child(kAllRoots, [&](Node node) {
      if (is_block(node) && retained(node) < least_)
        crowds[{in_.heaps.blocks[node].size, 0}].push_back(node);
    });
    for (const auto& [kind, blocks] : crowds) {
      uint64_t bytes = 0, count = 0;
      for (BlockId block : blocks) {
        bytes += retained(block);
        count += in_.dominators.retained_blocks(block);
      }
      if (bytes < least_ || blocks.size() < 2) continue;
      answer::Suspect suspect{.bytes = bytes, .blocks = count, .share = share_of(bytes)};
      suspect.owners = owners_of({blocks.begin(), blocks.end()});
      KindCount kinds(in_.heaps, in_.types);
      for (BlockId block : blocks) {
        kinds.add(block);
        in_.dominators.each_below(block, [&](BlockId below) { kinds.add(below); });
      }
      suspect.kinds = kinds.take();
      found_.push_back(std::move(suspect));
    }
  }

  double share_of(uint64_t bytes) const {
    return static_cast<double>(bytes) / static_cast<double>(std::max<uint64_t>(all_bytes_, 1));
  }

  /// The names of those that point to the blocks themselves, of the most pointers first.
  std::vector<std::string> owners_of(const std::set<BlockId>& blocks) const {
    std::map<uint32_t, uint64_t> pointers;
    const auto& roots = in_.references.roots();
    for (size_t i = 0; i < std::min(roots.size(), in_.owner_of.size()); ++i) {
      if (blocks.contains(roots[i].block)) ++pointers[in_.owner_of[i]];
    }
    std::vector<std::pair<uint64_t, uint32_t>> order;
    for (auto [owner, count] : pointers) order.emplace_back(count, owner);
    std::ranges::sort(order, std::greater());
    std::vector<std::string> names;
    for (size_t i = 0; i < std::min(order.size(), kOwnersSearched); ++i)
      names.push_back(in_.dominators.owners()[order[i].second].name);
    return names;
  }

  const SuspectInput& in_;
  uint64_t all_bytes_ = 0, least_ = 0;
  std::vector<Path> left_;
  std::vector<answer::Suspect> found_;
};

}  // namespace

std::vector<answer::Suspect> find_suspects(const SuspectInput& input) {
  return SuspectFinder(input).find();
}

}  // namespace inquest::cause
