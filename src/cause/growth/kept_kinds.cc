#include "cause/growth/kept_kinds.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "cause/growth/kept_members.h"

namespace inquest::cause {
namespace {

using objects::BlockId;
using objects::is_block;
using objects::kFirstOwner;
using objects::Node;

constexpr size_t kMostKinds = 100000, kDeepestKind = 32;
/// Larger blocks of no known type are buffers more often than not: their size says nothing.
constexpr uint64_t kSmallBlock = 1024;

/// What makes two blocks one kind, but for the member.
struct KindKey {
  uint64_t type = 0, size = 0;
  friend auto operator<=>(const KindKey&, const KindKey&) = default;
};

class KindTree {
 public:
  explicit KindTree(const KeptInput& input) : in_(input), members_(input) {}

  std::vector<KeptKind> find() {
    add_owners();
    while (!left_.empty()) {
      auto next = left_.extract(std::prev(left_.end()));  // what keeps most, first
      expand(next.mapped().kind, std::move(next.mapped().nodes));
    }
    name_all();
    return std::move(kinds_);
  }

 private:
  struct Left {
    uint32_t kind;
    std::vector<Node> nodes;
  };

  void add_owners() {
    std::map<std::string, std::vector<Node>> by_name;
    const auto& owners = in_.dominators.owners();
    for (size_t i = 0; i < owners.size(); ++i)
      by_name[owners[i].name].push_back(kFirstOwner + static_cast<Node>(i));
    by_name[kSeveralTogether] = {objects::kAllRoots};
    by_name[kLostOwner] = {objects::kNobody};
    for (auto& [name, nodes] : by_name) {
      objects::Sum kept;
      for (Node node : nodes) {
        if (node == objects::kAllRoots) {
          in_.dominators.each_child(node, [&](Node child) {
            if (is_block(child)) add_kept(kept, child);  // owners' own are theirs
          });
        } else {
          add_kept(kept, node);
        }
      }
      if (kept.bytes < in_.least_bytes) continue;
      auto index = static_cast<uint32_t>(kinds_.size());
      kinds_.push_back({.type = name, .kept = kept});
      keys_.push_back({});
      members_of_.push_back(0);
      depths_.push_back(0);
      left_.emplace(kept.bytes, Left{index, std::move(nodes)});
    }
  }

  void add_kept(objects::Sum& sum, Node node) const {
    count(sum, in_.dominators.retained_blocks(node), in_.dominators.retained_bytes(node));
  }

  KindKey key_of(BlockId block) const {
    const heap::Block& some = in_.heaps.blocks[block];
    if (uint64_t type = in_.types.type_of(some)) return {.type = type};
    return {.size = some.size <= kSmallBlock ? some.size : 0};
  }

  /// Where a kind came before on the way from the owner to `kind`, itself included.
  std::optional<uint32_t> same_above(uint32_t kind, const KindKey& key) const {
    for (; kinds_[kind].parent != KeptKind::kOwner; kind = kinds_[kind].parent) {
      if (keys_[kind] == key) return kind;
    }
    return {};
  }

  static void count(objects::Sum& sum, uint64_t blocks, uint64_t bytes) {
    sum.blocks += blocks;
    sum.bytes += bytes;
  }

  uint32_t add_kind(uint32_t parent, const KindKey& key, uint32_t member) {
    kinds_.push_back({.parent = parent, .size = key.size});
    keys_.push_back(key);
    members_of_.push_back(member);
    depths_.push_back(depths_[parent] + 1);
    return static_cast<uint32_t>(kinds_.size() - 1);
  }

  /// Sorts what is right below the nodes of a kind into kinds.
  void expand(uint32_t kind, std::vector<Node> nodes) {
    std::map<std::pair<KindKey, uint32_t>, uint32_t> known;
    std::map<uint32_t, std::vector<Node>> entries;
    std::vector<BlockId> children;
    while (!nodes.empty()) {
      Node node = nodes.back();
      nodes.pop_back();
      children.clear();
      in_.dominators.each_child(node, [&](Node child) {
        if (is_block(child)) children.push_back(child);
      });
      members_.open(node, children);
      for (BlockId child : children) {
        const KindKey key = key_of(child);
        const uint64_t size = in_.heaps.blocks[child].size;
        if (auto same = same_above(kind, key)) {
          count(kinds_[*same].own, 1, size);
          nodes.push_back(child);
          continue;
        }
        const uint32_t member = members_.of(child);
        auto [at, is_new] = known.try_emplace({key, member});
        if (is_new) at->second = add_kind(kind, key, member);
        enter(kinds_[at->second], child);
        entries[at->second].push_back(child);
      }
    }
    for (auto& [below, blocks] : entries) {
      const uint64_t bytes = kinds_[below].kept.bytes;
      if (bytes < in_.least_bytes || depths_[below] >= kDeepestKind) continue;
      if (kinds_.size() < kMostKinds) left_.emplace(bytes, Left{below, std::move(blocks)});
    }
  }

  void enter(KeptKind& kind, BlockId block) const {
    const uint64_t kept = in_.dominators.retained_bytes(block);
    add_kept(kind.kept, block);
    count(kind.own, 1, in_.heaps.blocks[block].size);
    if (kept <= kind.largest_kept) return;
    kind.largest_kept = kept;
    kind.largest = in_.heaps.blocks[block].address();
  }

  void name_all() {
    std::unordered_map<uint64_t, std::string> names;
    for (size_t i = 0; i < kinds_.size(); ++i) {
      if (kinds_[i].parent == KeptKind::kOwner) continue;
      auto [at, is_new] = names.try_emplace(keys_[i].type);
      if (is_new && keys_[i].type != 0) at->second = in_.types.name_of(keys_[i].type);
      kinds_[i].type = at->second;
      kinds_[i].member = members_.name(members_of_[i]);
    }
  }

  const KeptInput& in_;
  KeptMembers members_;
  std::vector<KeptKind> kinds_;
  std::vector<KindKey> keys_;         // of each
  std::vector<uint32_t> members_of_;  // of each
  std::vector<size_t> depths_;        // of each
  std::multimap<uint64_t, Left> left_;
};

}  // namespace

std::vector<KeptKind> find_kept_kinds(const KeptInput& input) { return KindTree(input).find(); }

}  // namespace inquest::cause
