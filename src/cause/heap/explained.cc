#include "cause/heap/explained.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <unordered_map>

namespace inquest::cause {
namespace {

using objects::BlockId;
using objects::BlockType;
using objects::How;
using objects::kAllRoots;
using objects::kFirstOwner;
using objects::kNobody;
using objects::Node;

constexpr uint8_t kSure = 70;  // percent
constexpr size_t kHoldersTold = 100, kKeepersTold = 2;

bool is_typed(const BlockType& type) {
  const bool is_guess = type.how == How::shape || type.how == How::likeness;
  return type.type != 0 && !is_guess && type.how != How::text && type.percent >= kSure;
}

class Explainer {
 public:
  explicit Explainer(const ExplainInput& input) : in_(input) {}

  answer::Explained explain() {
    const auto& blocks = in_.heaps.blocks;
    if (in_.dominators) {
      out_.has_holders = true;
      holders_.assign(blocks.size(), kNotAsked);
      find_keepers();
    }
    for (BlockId i = 0; i < blocks.size(); ++i) {
      if (blocks[i].state() == heap::State::used) take(i);
    }
    out_.holders = told(held_);
    out_.together = told(together_);
    out_.nameless = told(nameless_);
    return std::move(out_);
  }

 private:
  static constexpr Node kNotAsked = kFirstOwner - 1;
  using Sums = std::map<std::string, answer::Holder>;

  void take(BlockId id) {
    const BlockType type = in_.typing.of(id);
    uint64_t bytes = in_.heaps.blocks[id].size;
    out_.bytes += bytes;
    const uint64_t inside = bytes_inside(id);
    if (is_typed(type)) {
      out_.typed += bytes;
    } else if (type.how == How::text) {
      out_.text += bytes;
    } else {
      out_.typed += inside;
      bytes -= inside;
      if (in_.dominators) add_held(id, bytes);
    }
  }

  /// Bytes of the block that are known objects, of which no byte is counted twice: they are
  /// disjoint. Blocks are asked in ascending order.
  uint64_t bytes_inside(BlockId id) {
    const auto& interiors = in_.typing.interiors();
    const heap::Block& block = in_.heaps.blocks[id];
    while (interior_ < interiors.size() && interiors[interior_].at < block.address()) ++interior_;
    uint64_t bytes = 0;
    for (; interior_ < interiors.size(); ++interior_) {
      const objects::InteriorObject& object = interiors[interior_];
      if (object.at - block.address() >= block.size) break;
      if (object.block == id && object.percent >= kSure) bytes += in_.typing.size_of(object);
    }
    return std::min<uint64_t>(bytes, block.size);
  }

  void add_held(BlockId id, uint64_t bytes) {
    const Node holder = holder_of(id);
    if (holder == kNobody) {
      out_.lost += bytes;
    } else if (objects::is_owner(holder)) {
      const uint32_t owner = holder - kFirstOwner;
      (has_name(owner) ? out_.held : out_.unnamed) += bytes;
      add(has_name(owner) ? held_ : nameless_, in_.dominators->owners()[owner].name, bytes);
    } else if (is_typed(in_.typing.of(holder))) {
      out_.held += bytes;
      add(held_, "objects of " + in_.typing.types()[in_.typing.of(holder).type].name, bytes);
    } else {
      const Keepers& keepers = keepers_[holder];
      const bool named = !keepers.owners.empty() && has_name(keepers.owners.front());
      (named ? out_.shared : out_.unnamed) += bytes;
      add(named ? together_ : nameless_, text_of(keepers), bytes);
    }
  }

  static void add(Sums& sums, const std::string& name, uint64_t bytes) {
    answer::Holder& sum = sums[name];
    ++sum.blocks;
    sum.bytes += bytes;
  }

  /// A typed class above, an owner, kNobody, or the highest block of what several keep.
  Node holder_of(BlockId id) {
    std::vector<BlockId> path;
    Node holder = kNotAsked;
    for (Node node = id; holder == kNotAsked;) {
      if (holders_[node] != kNotAsked) {
        holder = holders_[node];
        break;
      }
      path.push_back(static_cast<BlockId>(node));
      const Node above = in_.dominators->parent(node);
      if (above == kAllRoots) {
        holder = node;
      } else if (!objects::is_block(above) || is_class(above)) {
        holder = above;
      }
      node = above;
    }
    for (BlockId block : path) holders_[block] = holder;
    return holder;
  }

  /// Numbers and pointers keep nothing under a name of their own.
  bool is_class(BlockId id) const {
    const BlockType type = in_.typing.of(id);
    if (!is_typed(type)) return false;
    const objects::TypeInfo& info = in_.typing.types()[type.type];
    return !info.name.ends_with('*') && info.name != "char";
  }

  /// Of the highest block of what several keep: some of the owners that reach it, the most telling
  /// first.
  struct Keepers {
    std::vector<uint32_t> owners = {};
    bool has_more = false;
  };

  /// Variables tell more than threads that look at what they hold; what has no name tells nothing.
  int rank(uint32_t owner) const {
    if (!has_name(owner)) return 2;
    return in_.dominators->owners()[owner].kind == objects::RootKind::stack ? 1 : 0;
  }
  bool add(Keepers& keepers, uint32_t owner) const {
    if (std::ranges::find(keepers.owners, owner) != keepers.owners.end()) return false;
    auto at = std::ranges::upper_bound(keepers.owners, rank(owner), {},
                                       [&](uint32_t other) { return rank(other); });
    const bool is_told = at - keepers.owners.begin() < static_cast<ptrdiff_t>(kKeepersTold);
    if (is_told) keepers.owners.insert(at, owner);
    const bool is_over = !is_told || keepers.owners.size() > kKeepersTold;
    if (keepers.owners.size() > kKeepersTold) keepers.owners.pop_back();
    const bool is_new = is_told || (is_over && !keepers.has_more);
    keepers.has_more |= is_over;
    return is_new;
  }

  bool has_name(uint32_t owner) const {
    return !in_.has_name || owner >= in_.has_name->size() || (*in_.has_name)[owner];
  }
  bool is_shared(BlockId block) const { return in_.dominators->parent(block) == kAllRoots; }

  /// Owners point to the highest blocks themselves, or to others that do: a few rounds find some.
  void find_keepers() {
    const auto& roots = in_.references.roots();
    for (size_t i = 0; i < std::min(roots.size(), in_.owner_of->size()); ++i) {
      if (is_shared(roots[i].block)) add(keepers_[roots[i].block], (*in_.owner_of)[i]);
    }
    find_links();
    constexpr int kRounds = 8;
    for (int round = 0; round < kRounds && pass_on(); ++round) {
    }
  }

  /// From the highest node above whoever points to a shared block, to that block.
  void find_links() {
    const auto& blocks = in_.heaps.blocks;
    std::vector<Node> tops(blocks.size(), kNotAsked);
    for (BlockId i = 0; i < blocks.size(); ++i) {
      for (BlockId to : in_.references.from(i)) {
        if (!is_shared(to)) continue;
        const Node top = top_of(i, tops);
        if (top != kNobody && top != to) links_.emplace_back(top, to);
      }
    }
    std::ranges::sort(links_);
    links_.erase(std::ranges::unique(links_).begin(), links_.end());
  }

  Node top_of(BlockId id, std::vector<Node>& tops) const {
    std::vector<BlockId> path;
    Node top = kNotAsked;
    for (Node node = id; top == kNotAsked;) {
      if (tops[node] != kNotAsked) {
        top = tops[node];
        break;
      }
      path.push_back(static_cast<BlockId>(node));
      const Node above = in_.dominators->parent(node);
      if (above == kAllRoots)
        top = node;
      else if (!objects::is_block(above))
        top = above;
      node = above;
    }
    for (BlockId block : path) tops[block] = top;
    return top;
  }

  bool pass_on() {
    bool changed = false;
    for (const auto& [from, to] : links_) {
      Keepers& keepers = keepers_[to];
      if (objects::is_owner(from)) {
        changed |= add(keepers, from - kFirstOwner);
        continue;
      }
      const std::vector<uint32_t> above = keepers_[from].owners;
      for (uint32_t owner : above) changed |= add(keepers, owner);
    }
    return changed;
  }

  /// "global a and global b": with a name first.
  std::string text_of(const Keepers& keepers) const {
    std::string text;
    for (uint32_t owner : keepers.owners) {
      if (!text.empty()) text += " and ";
      text += in_.dominators->owners()[owner].name;
    }
    if (text.empty()) return "several, by way of each other";
    return keepers.has_more ? text + " and others" : text;
  }

  static std::vector<answer::Holder> told(Sums& sums) {
    std::vector<answer::Holder> out;
    for (auto& [name, sum] : sums) out.push_back({name, sum.blocks, sum.bytes});
    std::ranges::stable_sort(out, std::greater(), &answer::Holder::bytes);
    if (out.size() > kHoldersTold) out.resize(kHoldersTold);
    return out;
  }

  const ExplainInput& in_;
  answer::Explained out_;
  size_t interior_ = 0;        // the first that lies in no earlier block
  std::vector<Node> holders_;  // by block
  Sums held_, together_, nameless_;
  std::unordered_map<BlockId, Keepers> keepers_;
  std::vector<std::pair<Node, BlockId>> links_;
};

}  // namespace

answer::Explained explain(const ExplainInput& input) { return Explainer(input).explain(); }

}  // namespace inquest::cause
