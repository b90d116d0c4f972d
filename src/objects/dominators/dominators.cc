#include "objects/dominators.h"

#include <algorithm>

#include "objects/dominators/dominator_tree.h"

namespace inquest::objects {
namespace {

constexpr size_t kTiers = 3;

size_t tier_of(const Root& root) {
  if (root.into == Into::middle) return 2;
  return root.kind == RootKind::stack || root.kind == RootKind::registers ? 1 : 0;
}

std::vector<BlockId> lost_heads(const heap::Heaps& heaps, const References& references) {
  std::vector<BlockId> heads;
  for (const LeakGroup& group : references.leaks()) {
    if (!group.possible) heads.push_back(group.head);
  }
  // Nothing is left out, whatever the graph says.
  for (BlockId i = 0; i < heaps.blocks.size(); ++i) {
    if (references.reach(i) != Reach::none && references.reach(i) != Reach::reachable)
      heads.push_back(i);
  }
  return heads;
}

FlowGraph graph_of(const heap::Heaps& heaps, const References& references,
                   const std::vector<uint32_t>& owner_of) {
  FlowGraph graph{.blocks = static_cast<uint32_t>(heaps.blocks.size()),
                  .from = [&](BlockId block) { return references.from(block); }};
  const ReferenceTotals& totals = references.totals();
  graph.expected = totals.reachable.blocks + totals.definite.blocks + totals.indirect.blocks +
                   totals.possible.blocks + owner_of.size() + 1;
  graph.tiers.resize(kTiers);
  const std::vector<Root>& roots = references.roots();
  for (size_t i = 0; i < std::min(roots.size(), owner_of.size()); ++i)
    graph.tiers[tier_of(roots[i])].push_back({owner_of[i], roots[i].block});
  graph.heads = lost_heads(heaps, references);
  return graph;
}

}  // namespace

struct Dominators::Impl {
  std::vector<RootOwner> owners;
  DominatorTree tree;
  std::vector<uint64_t> bytes;          // retained, by number
  std::vector<uint32_t> blocks;         // the same
  std::vector<uint32_t> begins, below;  // children of number i: below[begins[i], begins[i + 1])
  std::vector<std::pair<uint32_t, uint32_t>> owner_numbers;  // owner -> number; ascending
  uint64_t own_bytes = 0;

  void sum_up(const heap::Heaps& heaps);
  void find_children();

  uint32_t count() const { return static_cast<uint32_t>(tree.nodes.size()); }
  bool is_above_all(Node node) const { return node == kAllRoots || node == kNobody; }
  std::span<const uint32_t> numbers_below(uint32_t number) const {
    return std::span(below).subspan(begins[number], begins[number + 1] - begins[number]);
  }
  /// Calls take(number) for what stands for a node: an owner may be in several tiers.
  template <class Take>
  void each_number(Node node, Take&& take) const {
    if (is_block(node)) {
      if (node < tree.numbers.size() && tree.numbers[node] != DominatorTree::kNone)
        take(tree.numbers[node]);
    } else if (is_owner(node)) {
      auto at = std::ranges::lower_bound(owner_numbers, std::pair(node - kFirstOwner, 0u));
      for (; at != owner_numbers.end() && at->first == node - kFirstOwner; ++at) take(at->second);
    }
  }
  /// The same for those right below a node.
  template <class Take>
  void each_number_below(Node node, Take&& take) const {
    if (!is_above_all(node)) {
      each_number(node, [&](uint32_t number) {
        for (uint32_t child : numbers_below(number)) take(child);
      });
      return;
    }
    if (begins.empty()) return;
    for (uint32_t child : numbers_below(0)) {
      if ((child >= tree.first_lost) == (node == kNobody)) take(child);
    }
  }
};

/// From the last number up: children have greater numbers than their parents.
void Dominators::Impl::sum_up(const heap::Heaps& heaps) {
  bytes.resize(count());
  blocks.resize(count());
  for (uint32_t w = count(); w-- > 1;) {
    if (is_block(tree.nodes[w])) {
      bytes[w] += heaps.blocks[tree.nodes[w]].size;
      ++blocks[w];
    }
    bytes[tree.parents[w]] += bytes[w];
    blocks[tree.parents[w]] += blocks[w];
  }
}

void Dominators::Impl::find_children() {
  begins.assign(count() + 1, 0);
  below.resize(count() - 1);
  for (uint32_t w = 1; w < count(); ++w) ++begins[tree.parents[w]];
  for (uint32_t i = 0, sum = 0; i <= count(); ++i) begins[i] = sum += begins[i];
  for (uint32_t w = count(); w-- > 1;) below[--begins[tree.parents[w]]] = w;
}

Dominators Dominators::find(const heap::Heaps& heaps, const References& references,
                            std::vector<RootOwner> owners, const std::vector<uint32_t>& owner_of) {
  auto impl = std::make_unique<Impl>();
  impl->owners = std::move(owners);
  impl->tree = find_dominators(graph_of(heaps, references, owner_of));
  impl->sum_up(heaps);
  impl->find_children();
  for (uint32_t i = 0; i < impl->count(); ++i) {
    if (is_owner(impl->tree.nodes[i]))
      impl->owner_numbers.emplace_back(impl->tree.nodes[i] - kFirstOwner, i);
  }
  std::ranges::sort(impl->owner_numbers);
  const uint64_t kept =
      (impl->tree.nodes.capacity() + impl->tree.numbers.capacity() + impl->tree.parents.capacity() +
       impl->blocks.capacity() + impl->begins.capacity() + impl->below.capacity()) *
          sizeof(uint32_t) +
      impl->bytes.capacity() * sizeof(uint64_t);
  impl->own_bytes = std::max(kept, impl->tree.most_bytes);
  return Dominators(std::move(impl));
}

Dominators::Dominators(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Dominators::~Dominators() = default;
Dominators::Dominators(Dominators&&) noexcept = default;

Node Dominators::parent(Node node) const {
  if (is_owner(node)) return kAllRoots;
  Node above = kNobody;
  impl_->each_number(node, [&](uint32_t number) {
    uint32_t parent = impl_->tree.parents[number];
    if (parent != 0) above = impl_->tree.nodes[parent];
    if (parent == 0 && number < impl_->tree.first_lost) above = kAllRoots;
  });
  return above;
}

uint64_t Dominators::retained_bytes(Node node) const {
  uint64_t sum = 0;
  auto add = [&](uint32_t number) { sum += impl_->bytes[number]; };
  if (impl_->is_above_all(node)) {
    impl_->each_number_below(node, add);
  } else {
    impl_->each_number(node, add);
  }
  return sum;
}

uint64_t Dominators::retained_blocks(Node node) const {
  uint64_t sum = 0;
  auto add = [&](uint32_t number) { sum += impl_->blocks[number]; };
  if (impl_->is_above_all(node)) {
    impl_->each_number_below(node, add);
  } else {
    impl_->each_number(node, add);
  }
  return sum;
}

std::vector<Node> Dominators::children(Node node) const {
  std::vector<std::pair<uint64_t, Node>> sizes;
  each_child(node, [&](Node child) { sizes.emplace_back(retained_bytes(child), child); });
  std::ranges::sort(sizes, [](const auto& a, const auto& b) {
    return std::pair(b.first, a.second) < std::pair(a.first, b.second);
  });
  std::vector<Node> nodes(sizes.size());
  std::ranges::transform(sizes, nodes.begin(), [](const auto& size) { return size.second; });
  return nodes;
}

Node Dominators::largest_child(Node node) const {
  Node largest = kNobody;
  uint64_t most = 0;
  each_child(node, [&](Node child) {
    uint64_t bytes = retained_bytes(child);
    if (largest != kNobody && bytes <= most) return;
    largest = child;
    most = bytes;
  });
  return largest;
}

void Dominators::each_child(Node node, const std::function<void(Node)>& take) const {
  impl_->each_number_below(node, [&](uint32_t number) {
    Node child = impl_->tree.nodes[number];
    // An owner in several tiers is told once, by its first number.
    if (is_owner(child)) {
      uint32_t first = number;
      impl_->each_number(child, [&](uint32_t other) { first = std::min(first, other); });
      if (first != number) return;
    }
    take(child);
  });
}

void Dominators::each_below(Node node, const std::function<void(BlockId)>& take) const {
  std::vector<uint32_t> left;
  impl_->each_number_below(node, [&](uint32_t number) { left.push_back(number); });
  while (!left.empty()) {
    uint32_t number = left.back();
    left.pop_back();
    if (is_block(impl_->tree.nodes[number])) take(impl_->tree.nodes[number]);
    for (uint32_t child : impl_->numbers_below(number)) left.push_back(child);
  }
}

const std::vector<RootOwner>& Dominators::owners() const { return impl_->owners; }
uint64_t Dominators::own_bytes() const { return impl_->own_bytes; }

}  // namespace inquest::objects
