#include "cause/explained.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <set>
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
constexpr size_t kHoldersTold = 100;

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
    }
    for (BlockId i = 0; i < blocks.size(); ++i) {
      if (blocks[i].state() == heap::State::used) take(i);
    }
    out_.holders = told(held_);
    out_.together = told(together_);
    return std::move(out_);
  }

 private:
  static constexpr Node kNotAsked = kFirstOwner - 1;
  using Sums = std::map<std::string, answer::Holder>;

  void take(BlockId id) {
    const BlockType type = in_.typing.of(id);
    const uint64_t bytes = in_.heaps.blocks[id].size;
    out_.bytes += bytes;
    if (is_typed(type)) {
      out_.typed += bytes;
    } else if (type.how == How::text) {
      out_.text += bytes;
    } else if (in_.dominators) {
      add_held(id, bytes);
    }
  }

  void add_held(BlockId id, uint64_t bytes) {
    const Node holder = holder_of(id);
    if (holder == kNobody) {
      out_.lost += bytes;
    } else if (objects::is_owner(holder)) {
      out_.held += bytes;
      add(held_, in_.dominators->owners()[holder - kFirstOwner].name, bytes);
    } else if (is_typed(in_.typing.of(holder))) {
      out_.held += bytes;
      add(held_, "objects of " + in_.typing.types()[in_.typing.of(holder).type].name, bytes);
    } else {
      out_.shared += bytes;
      add(together_, owners_of(holder), bytes);
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

  /// "global a and global b": the first of those that point to a block that several keep.
  std::string owners_of(BlockId block) {
    if (by_block_.empty()) {
      const auto& roots = in_.references.roots();
      for (size_t i = 0; i < std::min(roots.size(), in_.owner_of->size()); ++i)
        by_block_[roots[i].block].insert((*in_.owner_of)[i]);
    }
    constexpr size_t kTold = 2;
    auto known = by_block_.find(block);
    if (known == by_block_.end()) return "blocks that several others point to";
    std::string text;
    size_t count = 0;
    for (uint32_t owner : known->second) {
      if (count++ == kTold) break;
      if (!text.empty()) text += " and ";
      text += in_.dominators->owners()[owner].name;
    }
    if (known->second.size() > kTold) text += fmt::format(" and {} more", known->second.size() - 2);
    if (known->second.size() == 1) text += " and blocks";
    return text;
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
  std::vector<Node> holders_;  // by block
  Sums held_, together_;
  std::unordered_map<BlockId, std::set<uint32_t>> by_block_;
};

}  // namespace

answer::Explained explain(const ExplainInput& input) { return Explainer(input).explain(); }

}  // namespace inquest::cause
