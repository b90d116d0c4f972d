#include "objects/dominators/dominator_tree.h"

#include <algorithm>

#include "objects/dominators/bundles.h"

namespace inquest::objects {
namespace {

constexpr uint32_t kNone = DominatorTree::kNone;

class DominatorSearch {
 public:
  explicit DominatorSearch(FlowGraph graph) : graph_(std::move(graph)) {}

  DominatorTree find() {
    number_nodes();
    most_bytes_ = own_bytes() + semi_bytes();
    find_semidominators();
    find_parents();
    return {.nodes = std::move(nodes_),
            .numbers = std::move(numbers_),
            .parents = std::move(parents_),
            .first_lost = first_lost_,
            .most_bytes = most_bytes_};
  }

 private:
  /// While numbers are given: the tree, and how much of a node's row was looked at. While
  /// semidominators are found: up to where its path is known, and the least on it. At last: an
  /// ancestor far up, and how deep the node lies.
  struct Link {
    uint32_t up;
    uint32_t value;
  };

  uint32_t enter(Node node, uint32_t above) {
    auto number = static_cast<uint32_t>(nodes_.size());
    nodes_.push_back(node);
    tree_.push_back(above);
    links_.push_back({above, 0});
    return number;
  }
  uint32_t enter_block(BlockId block, uint32_t above) {
    numbers_[block] = enter(block, above);
    return numbers_[block];
  }

  void number_nodes() {
    numbers_.assign(graph_.blocks, kNone);
    nodes_.reserve(graph_.expected);
    tree_.reserve(graph_.expected);
    links_.reserve(graph_.expected);
    enter(kAllRoots, 0);
    for (std::vector<Entry>& tier : graph_.tiers) {
      take_tier(tier);
      tier = {};
    }
    first_of_tier_ = first_lost_ = static_cast<uint32_t>(nodes_.size());
    for (BlockId head : graph_.heads) {
      if (numbers_[head] == kNone) walk(enter_block(head, 0), graph_.from(head));
    }
    graph_.heads = {};
  }

  void take_tier(std::vector<Entry>& entries) {
    std::ranges::sort(entries);
    first_of_tier_ = static_cast<uint32_t>(nodes_.size());
    std::vector<BlockId> row;
    for (size_t i = 0; i < entries.size();) {
      uint32_t owner = entries[i].owner;
      row.clear();
      for (; i < entries.size() && entries[i].owner == owner; ++i) {
        if (row.empty() || row.back() != entries[i].block) row.push_back(entries[i].block);
      }
      walk(enter(kFirstOwner + owner, 0), row);
    }
  }

  /// Depth first below `top`, whose row is given. Back from a node the tree leads.
  void walk(uint32_t top, std::span<const BlockId> top_row) {
    uint32_t at = top;
    auto row = top_row;
    fetch(row);
    while (true) {
      uint32_t next = step(at, row);
      if (next != kNone) {
        at = next;
        row = graph_.from(nodes_[at]);
        fetch(row);
        continue;
      }
      if (at == top) return;
      at = tree_[at];
      row = at == top ? top_row : graph_.from(nodes_[at]);
    }
  }

  /// Looks at the rest of a row up to the first new block; its number, or kNone at the end.
  uint32_t step(uint32_t at, std::span<const BlockId> row) {
    for (uint32_t i = links_[at].value; i < row.size(); ++i) {
      uint32_t known = numbers_[row[i]];
      if (known == kNone) {
        links_[at].value = i + 1;
        return enter_block(row[i], at);
      }
      if (known >= first_of_tier_ && known != at) edges_.add(at, known);
    }
    return kNone;
  }

  void fetch(std::span<const BlockId> row) const {
    constexpr size_t kAhead = 8;
    for (size_t i = 0; i < std::min(row.size(), kAhead); ++i) __builtin_prefetch(&numbers_[row[i]]);
  }

  /// semi(w) = min over its predecessors v of: v < w ? v : min semi on the path from v up to w.
  void find_semidominators() {
    constexpr uint32_t kAhead = 16;  // nodes whose predecessors are fetched before their turn
    auto count = static_cast<uint32_t>(nodes_.size());
    parents_.resize(count);
    for (uint32_t bundle = (count - 1) / Bundles::kTargets + 1; bundle-- > 0;) {
      edges_.open(bundle);
      uint32_t first = std::max(bundle * Bundles::kTargets, 1u);
      uint32_t end = std::min<uint64_t>(count, uint64_t{bundle + 1} * Bundles::kTargets);
      for (uint32_t w = end; w-- > first;) {
        if (w >= first + kAhead) {
          for (uint32_t v : edges_.into(w - kAhead)) __builtin_prefetch(&links_[v]);
        }
        uint32_t least = tree_[w];
        for (uint32_t v : edges_.into(w)) least = std::min(least, v < w ? v : least_above(v, w));
        parents_[w] = links_[w].value = least;
      }
    }
  }

  /// The least semidominator on the tree's path from v up to, without, the first that is not
  /// greater than w. The path is compressed; on the way up its links are turned around.
  uint32_t least_above(uint32_t v, uint32_t w) {
    uint32_t below = kNone;
    while (links_[v].up > w) {
      uint32_t up = links_[v].up;
      links_[v].up = below;
      below = v;
      v = up;
    }
    Link known = links_[v];
    while (below != kNone) {
      Link& link = links_[below];
      below = link.up;
      known.value = link.value = std::min(link.value, known.value);
      link.up = known.up;
    }
    return known.value;
  }

  /// parent(w) = the nearest ancestor of w's parent in the tree that is not greater than semi(w).
  /// Every node has a pointer to an ancestor that is as far above as the skew-binary number of its
  /// depth says.
  void find_parents() {
    links_[0] = {0, 0};
    parents_[0] = 0;
    for (uint32_t w = 1; w < parents_.size(); ++w) {
      uint32_t semi = parents_[w], above = tree_[w];
      while (above > semi) above = links_[above].up > semi ? links_[above].up : parents_[above];
      parents_[w] = above;
      const Link& link = links_[above];
      const Link& far = links_[link.up];
      bool joins = link.value - far.value == far.value - links_[far.up].value;
      links_[w] = {joins ? far.up : above, link.value + 1};
    }
  }

  uint64_t own_bytes() const {
    return (numbers_.capacity() + nodes_.capacity() + tree_.capacity()) * sizeof(uint32_t) +
           links_.capacity() * sizeof(Link) + edges_.own_bytes();
  }
  uint64_t semi_bytes() const { return nodes_.size() * sizeof(uint32_t); }

  FlowGraph graph_;
  std::vector<uint32_t> numbers_, tree_, parents_;  // parents_: first semidominators
  std::vector<Node> nodes_;
  std::vector<Link> links_;
  Bundles edges_;
  uint32_t first_of_tier_ = 0, first_lost_ = 0;
  uint64_t most_bytes_ = 0;
};

}  // namespace

DominatorTree find_dominators(FlowGraph graph) { return DominatorSearch(std::move(graph)).find(); }

}  // namespace inquest::objects
