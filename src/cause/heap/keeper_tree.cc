#include "cause/heap/keeper_tree.h"

#include <algorithm>
#include <map>
#include <queue>

namespace inquest::cause {
namespace {

using answer::MapKind;
using answer::MapNode;
using objects::is_block;
using objects::is_owner;
using objects::kAllRoots;
using objects::kFirstOwner;
using objects::kNobody;
using objects::Node;

constexpr size_t kChildren = 40, kFewChildren = 8, kOwners = 60;
constexpr uint32_t kDeepestKeeper = 64;
constexpr uint64_t kOfItsOwn = 20;      ///< a part of the keeper's bytes, in one of many
constexpr uint64_t kTooSmall = 400;     ///< a part of the keeper's bytes, to be seen
constexpr uint64_t kSpeck = 20000;      ///< a part of all bytes, to be opened
constexpr uint64_t kKnownOwner = 2000;  ///< a part of all bytes, to be named among owners

MapKind kind_of(objects::RootKind kind) {
  return static_cast<MapKind>(static_cast<int>(MapKind::registers) + static_cast<int>(kind));
}

class KeeperFinder {
 public:
  explicit KeeperFinder(const KeeperTreeInput& input) : in_(input) {}

  KeeperTree find() {
    const objects::Dominators& all = in_.dominators;
    tree_.nodes.push_back(
        {.bytes = all.retained_bytes(kAllRoots) + all.retained_bytes(kNobody),
         .blocks = all.retained_blocks(kAllRoots) + all.retained_blocks(kNobody)});
    waiting_.resize(1);
    take_owners();
    while (!queue_.empty() && tree_.nodes.size() + kChildren < in_.limit) {
      if (queue_.top().first < tree_.nodes[0].bytes / kSpeck) break;
      uint32_t node = queue_.top().second;
      queue_.pop();
      open(node);
    }
    mark_rest();
    return std::move(tree_);
  }

 private:
  /// Owners by their kind; blocks by type, or by size.
  using Key = std::pair<uint64_t, uint64_t>;
  struct Set {
    std::vector<Node> members = {};
    bool is_list = false;  ///< the members are what is kept, not who keeps
    uint32_t depth = 0;
  };
  struct Found {
    MapNode node;
    Set set;
  };

  uint64_t retained(Node node) const { return in_.dominators.retained_bytes(node); }
  uint64_t retained_blocks(Node node) const { return in_.dominators.retained_blocks(node); }

  Key key_of(Node node) const {
    if (!is_block(node))
      return {UINT64_MAX, static_cast<uint64_t>(in_.dominators.owners()[node - kFirstOwner].kind)};
    const heap::Block& block = in_.heaps.blocks[node];
    uint64_t number = in_.types.number_of(block);
    return {number, number == 0 ? block.size : 0};
  }

  // -- right below the whole heap

  void take_owners() {
    std::vector<Node> owners;
    Set shared{.is_list = true}, lost{.is_list = true};
    in_.dominators.each_child(kAllRoots, [&](Node node) {
      if (is_block(node)) shared.members.push_back(node);
      // Who only looks at what others keep is no keeper.
      if (is_owner(node) && retained(node) > 0) owners.push_back(node);
    });
    in_.dominators.each_child(kNobody, [&](Node node) { lost.members.push_back(node); });
    std::ranges::sort(owners, std::greater(), [&](Node owner) { return retained(owner); });
    std::vector<Found> found;
    std::map<Key, std::vector<Node>> small;
    for (Node owner : owners) {
      bool is_large = retained(owner) > tree_.nodes[0].bytes / kKnownOwner;
      if (found.size() < kOwners && is_large) {
        found.push_back(found_of({owner}));
      } else {
        small[key_of(owner)].push_back(owner);
      }
    }
    for (auto& [key, nodes] : small) found.push_back(found_of(std::move(nodes)));
    if (!shared.members.empty()) found.push_back(list_of(MapKind::shared, std::move(shared)));
    if (!lost.members.empty()) found.push_back(list_of(MapKind::lost, std::move(lost)));
    add(0, std::move(found), kOwners + kChildren);
  }

  Found list_of(MapKind kind, Set set) {
    Found found{{.kind = kind, .count = set.members.size()}, std::move(set)};
    for (Node node : found.set.members) {
      found.node.bytes += retained(node);
      found.node.blocks += retained_blocks(node);
    }
    return found;
  }

  // -- nodes

  /// Of owners of one kind, or blocks of one type: with those of the type that they keep.
  Found found_of(std::vector<Node> nodes) {
    Found found{{.kind = MapKind::blocks}, {std::move(nodes)}};
    MapNode& node = found.node;
    for (Node member : found.set.members) {
      node.bytes += retained(member);
      node.blocks += retained_blocks(member);
    }
    const Node first = found.set.members.front();
    if (is_owner(first)) {
      const objects::RootOwner& owner = in_.dominators.owners()[first - kFirstOwner];
      node.kind = kind_of(owner.kind);
      if (found.set.members.size() == 1) {
        node.name = owner.name;
        if (owner.at.value != 0) node.at = owner.at;
      }
    } else {
      if (found.set.members.size() == 1) node.at = in_.heaps.blocks[first].address();
      take_own_kind(found.set.members);
      for (Node member : found.set.members) node.own_bytes += in_.heaps.blocks[member].size;
      node.type = in_.types.index_of(in_.heaps.blocks[first]);
    }
    node.count = found.set.members.size();
    return found;
  }

  void take_own_kind(std::vector<Node>& members) const {
    const Key key = key_of(members.front());
    for (size_t i = 0; i < members.size(); ++i) {
      in_.dominators.each_child(members[i], [&](Node child) {
        if (key_of(child) == key) members.push_back(child);
      });
    }
  }

  void open(uint32_t index) {
    Set set = std::move(waiting_[index]);
    waiting_[index] = {};
    std::map<Key, std::vector<Node>> kinds;
    if (set.is_list) {
      for (Node node : set.members) kinds[key_of(node)].push_back(node);
    } else {
      const Key own = key_of(set.members.front());
      for (Node node : set.members) {
        in_.dominators.each_child(node, [&](Node child) {
          Key key = key_of(child);
          if (key != own) kinds[key].push_back(child);
        });
      }
    }
    std::vector<Found> found;
    const uint64_t large = tree_.nodes[index].bytes / kOfItsOwn;
    for (auto& [key, nodes] : kinds) {
      if (nodes.size() > 1) {
        auto rest =
            std::ranges::partition(nodes, [&](Node node) { return retained(node) < large; });
        for (Node node : rest) found.push_back(found_of({node}));
        nodes.erase(rest.begin(), rest.end());
      }
      if (!nodes.empty()) found.push_back(found_of(std::move(nodes)));
    }
    for (Found& one : found) one.set.depth = set.depth + 1;
    add(index, std::move(found), kChildren);
  }

  /// The largest as children, the rest as one.
  void add(uint32_t parent, std::vector<Found> found, size_t limit) {
    std::ranges::stable_sort(found, std::greater(),
                             [](const Found& one) { return one.node.bytes; });
    const uint64_t least = tree_.nodes[parent].bytes / kTooSmall;
    MapNode rest{.parent = parent, .kind = MapKind::others, .count = 0};
    for (size_t i = 0; i < found.size(); ++i) {
      MapNode& node = found[i].node;
      node.parent = parent;
      bool is_seen = i < kFewChildren || (i < limit && node.bytes >= least) || parent == 0;
      if (!is_seen || i >= limit) {
        rest.count += node.count;
        rest.own_bytes += node.own_bytes;
        rest.bytes += node.bytes;
        rest.blocks += node.blocks;
        continue;
      }
      if (node.blocks > blocks_in(node)) {
        queue_.emplace(found[i].set.depth < kDeepestKeeper ? node.bytes : 0,
                       static_cast<uint32_t>(tree_.nodes.size()));
      }
      tree_.nodes.push_back(std::move(node));
      waiting_.push_back(std::move(found[i].set));
    }
    tree_.left_out += rest.blocks;
    if (rest.count == 0) return;
    tree_.nodes.push_back(std::move(rest));
    waiting_.emplace_back();
  }

  static uint64_t blocks_in(const MapNode& node) {
    return node.kind == MapKind::blocks ? node.count : 0;
  }

  /// What still waits is cut.
  void mark_rest() {
    for (; !queue_.empty(); queue_.pop()) {
      MapNode& node = tree_.nodes[queue_.top().second];
      node.is_cut = true;
      tree_.left_out += node.blocks - blocks_in(node);
    }
  }

  const KeeperTreeInput& in_;
  KeeperTree tree_;
  std::vector<Set> waiting_;  // of each node, until it is opened
  std::priority_queue<std::pair<uint64_t, uint32_t>> queue_;
};

}  // namespace

KeeperTree find_keeper_tree(const KeeperTreeInput& input) { return KeeperFinder(input).find(); }

std::unordered_map<uint64_t, uint64_t> retained_by_type(const heap::Heaps& heaps,
                                                        const objects::Dominators& dominators,
                                                        const TypeNames& types) {
  struct OfType {
    uint64_t bytes = 0, above = 0;  // above: objects of the type on the way down
  };
  std::unordered_map<uint64_t, OfType> sums;
  struct Step {
    Node node;
    bool leaves;
  };
  std::vector<Step> stack;
  auto push = [&](Node node) { stack.push_back({node, false}); };
  dominators.each_child(kAllRoots, push);
  dominators.each_child(kNobody, push);
  while (!stack.empty()) {
    Step step = stack.back();
    stack.pop_back();
    if (is_block(step.node)) {
      OfType& sum = sums[types.number_of(heaps.blocks[step.node])];
      if (step.leaves) {
        --sum.above;
        continue;
      }
      if (sum.above++ == 0) sum.bytes += dominators.retained_bytes(step.node);
      stack.push_back({step.node, true});
    }
    dominators.each_child(step.node, push);
  }
  std::unordered_map<uint64_t, uint64_t> out;
  for (const auto& [number, sum] : sums) out[number] = sum.bytes;
  return out;
}

}  // namespace inquest::cause
