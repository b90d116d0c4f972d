#include "cause/growth/block_ages.h"

#include <algorithm>

namespace inquest::cause {
namespace {

void add_block(answer::BlockSum& sum, uint64_t bytes) {
  ++sum.blocks;
  sum.bytes += bytes;
}

void add_sum(answer::BlockSum& sum, const answer::BlockSum& more) {
  sum.blocks += more.blocks;
  sum.bytes += more.bytes;
}

}  // namespace

const std::string& NamesOfTypes::of(const heap::Block& block) {
  const uint64_t type = types_.type_of(block);
  auto [at, is_new] = names_.try_emplace(type);
  if (is_new) {
    if (type != 0) at->second = types_.name_of(type);
    if (at->second.empty()) at->second = kUnknownType;
  }
  return at->second;
}

bool BlockAges::is_same(const Seen& one, const Seen& other) {
  return one.begin == other.begin && one.size == other.size &&
         (one.kind == other.kind || one.kind == 0 || other.kind == 0);
}

uint16_t BlockAges::kind_of(const std::string& name) {
  if (name == kUnknownType || kinds_.size() > UINT16_MAX) return 0;
  auto [at, is_new] = numbers_.try_emplace(name, static_cast<uint16_t>(kinds_.size()));
  if (is_new) kinds_.push_back(name);
  return at->second;
}

std::vector<BlockAges::Seen> BlockAges::read(const heap::Heaps& heaps, const BlockTypes& types) {
  NamesOfTypes names(types);
  std::vector<Seen> all;
  all.reserve(heaps.blocks.size());
  std::map<const std::string*, uint16_t> kinds;  // names stay where they are
  for (const heap::Block& block : heaps.blocks) {
    if (block.state() != heap::State::used) continue;
    const std::string& name = names.of(block);
    auto [at, is_new] = kinds.try_emplace(&name);
    if (is_new) at->second = kind_of(name);
    all.push_back({.begin = block.begin, .kind = at->second, .size = block.size});
  }
  return all;
}

void BlockAges::drop() {
  dropped_ = true;
  kept_ = {};
}

void BlockAges::add(const heap::Heaps& heaps, const BlockTypes& types) {
  if (dropped_) return;
  std::vector<Seen> now = read(heaps, types);
  if (++dumps_ == 1) {
    kept_ = std::move(now);
    return;
  }
  // Both ascend.
  std::vector<Seen> next;
  auto later = now.begin();
  for (const Seen& block : kept_) {
    for (; later != now.end() && later->begin < block.begin; ++later) {
      if (dumps_ == 2) next.push_back(*later);
    }
    const bool stayed = later != now.end() && is_same(block, *later);
    if (dumps_ == 2 && !stayed) add_block(gone_, block.size);
    if (dumps_ > 2 && stayed) next.push_back(block);
    if (dumps_ == 2 && stayed) ++later;
  }
  if (dumps_ == 2) next.insert(next.end(), later, now.end());
  kept_ = std::move(next);
  for (auto& [kind, count] : counts_) count.alive = {};
  for (const Seen& block : kept_) {
    Count& count = counts_[block.kind];
    if (dumps_ == 2) add_block(count.born, block.size);
    add_block(count.alive, block.size);
  }
}

std::optional<answer::Ages> BlockAges::ages() const {
  if (dropped_ || dumps_ < 2) return {};
  answer::Ages ages{.born = {}, .gone = gone_};
  for (const auto& [kind, count] : counts_) {
    add_sum(ages.born, count.born);
    add_sum(ages.alive, count.alive);
    ages.survivors.push_back({.type = kinds_[kind], .born = count.born, .alive = count.alive});
  }
  std::ranges::stable_sort(ages.survivors, std::greater(),
                           [](const answer::Survivors& type) { return type.alive.bytes; });
  return ages;
}

}  // namespace inquest::cause
