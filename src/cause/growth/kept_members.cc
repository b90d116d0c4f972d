#include "cause/growth/kept_members.h"

#include <algorithm>

#include "cause/heap/heap_types.h"

namespace inquest::cause {

using objects::BlockId;
using objects::is_block;
using objects::kFirstOwner;
using objects::Node;

namespace {

constexpr size_t kFewBelow = 64;
constexpr uint64_t kReadOfKeeper = 64 << 10;

/// "name" of "[12].name": every element is like the others.
std::string without_index(std::string member) {
  if (!member.starts_with('[')) return member;
  size_t end = member.find(']');
  if (end == std::string::npos) return member;
  member.erase(0, end + 1);
  if (member.starts_with('.')) member.erase(0, 1);
  return member;
}

}  // namespace

KeptMembers::KeptMembers(const KeptInput& input)
    : in_(input), word_size_(snapshot::pointer_size(input.process.arch())) {
  if (!in_.types.member_of) return;
  const auto& roots = in_.references.roots();
  for (size_t i = 0; i < std::min(roots.size(), in_.owner_of.size()); ++i) {
    const objects::Root& root = roots[i];
    if (root.kind != objects::RootKind::global) continue;
    const Node owner = kFirstOwner + static_cast<Node>(in_.owner_of[i]);
    if (in_.dominators.parent(root.block) == owner) in_variables_.try_emplace(root.block, root.at);
  }
}

void KeptMembers::open(Node keeper, const std::vector<BlockId>& below) {
  found_.clear();
  of_type_.clear();
  if (!in_.types.member_of) return;
  if (is_block(keeper)) {
    read(keeper, below);
  } else {
    find_in_variable(below);
  }
}

uint32_t KeptMembers::of(BlockId below) const {
  if (auto at = found_.find(below); at != found_.end()) return at->second;
  auto at = of_type_.find(in_.types.type_of(in_.heaps.blocks[below]));
  return at == of_type_.end() ? 0 : at->second;
}

void KeptMembers::find_in_variable(const std::vector<BlockId>& below) {
  size_t asked = 0;
  for (BlockId block : below) {
    auto at = in_variables_.find(block);
    if (at == in_variables_.end()) continue;
    if (++asked > kFewBelow) return;
    const uint32_t member = number(without_index(member_of_global(in_.process, at->second)));
    found_[block] = member;
    of_type_[in_.types.type_of(in_.heaps.blocks[block])] = member;
  }
}

void KeptMembers::read(BlockId keeper, const std::vector<BlockId>& below) {
  const heap::Block& holder = in_.heaps.blocks[keeper];
  const uint64_t type = in_.types.type_of(holder);
  if (type == 0 || below.empty()) return;
  std::vector<std::pair<uint64_t, BlockId>> begins;
  for (size_t i = 0; i < std::min(below.size(), kFewBelow); ++i)
    begins.emplace_back(in_.heaps.blocks[below[i]].begin, below[i]);
  std::ranges::sort(begins);
  const Bytes bytes =
      in_.process.memory().view(holder.address(), std::min(holder.size, kReadOfKeeper));
  for (size_t at = 0; at + word_size_ <= bytes.size(); at += word_size_) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, word_size_);
    auto some = std::ranges::lower_bound(begins, word, {}, [](const auto& b) { return b.first; });
    if (some == begins.end() || some->first != word || found_.contains(some->second)) continue;
    const uint32_t member = member_at(holder, type, at);
    found_[some->second] = member;
    of_type_[in_.types.type_of(in_.heaps.blocks[some->second])] = member;
    if (found_.size() == begins.size()) return;
  }
}

uint32_t KeptMembers::member_at(const heap::Block& keeper, uint64_t type, uint64_t offset) {
  auto [at, is_new] = by_offset_[type].try_emplace(offset);
  if (is_new) at->second = number(without_index(in_.types.member_of(keeper, offset)));
  return at->second;
}

uint32_t KeptMembers::number(std::string name) {
  if (name.empty()) return 0;
  auto [at, is_new] = numbers_.try_emplace(name, static_cast<uint32_t>(names_.size()));
  if (is_new) names_.push_back(std::move(name));
  return at->second;
}

}  // namespace inquest::cause
