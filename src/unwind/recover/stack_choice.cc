// A stack pointer that points nowhere: which mapping is the thread's stack?
#include <algorithm>
#include <map>

#include "unwind/recover/recover.h"

namespace inquest::unwind {
namespace {

/// A thread's stack is private, writable memory that no file backs.
bool can_be_stack(const snapshot::Region& region) {
  bool named_stack = region.file.starts_with("[stack");
  bool anonymous = region.file.empty() || named_stack;
  bool writable = !region.access || (region.access->read && region.access->write);
  return anonymous && writable && !region.shared;
}

struct Votes {
  int weight = 0;
  Address lowest{~uint64_t{0}};
  std::string witness;
};

/// 2 MB of stack, in words: a thread that has used more is told from its outer part alone.
constexpr size_t kMostWords = size_t{1} << 18;

}  // namespace

bool plausible_stack(const Space& space, Address sp) {
  const snapshot::Region* region = space.snapshot().region_at(sp);
  if (region && region->access && !region->access->read) return false;
  if (region && region->access && region->access->execute && !region->access->write) return false;
  return space.snapshot().memory.has(sp);
}

std::optional<StackChoice> choose_stack(const Space& space, const snapshot::Registers& registers,
                                        std::optional<uint64_t> thread_pointer, bool is_main) {
  const snapshot::RegisterRoles& roles = snapshot::roles(space.arch());
  std::map<const snapshot::Region*, Votes> candidates;
  auto vote = [&](uint64_t value, int weight, std::string_view witness) -> Votes* {
    const snapshot::Region* region = space.snapshot().region_at(Address{value});
    if (!region || !can_be_stack(*region) || !space.snapshot().memory.has(Address{value}))
      return nullptr;
    Votes& votes = candidates[region];
    votes.weight += weight + (region->file.starts_with("[stack") ? 1 : 0);
    if (votes.witness.empty()) votes.witness = witness;
    return &votes;
  };
  for (unsigned n = 0; n < roles.count; ++n) {
    auto number = static_cast<snapshot::Register>(n);
    auto value = registers.get(number);
    if (!value || number == roles.pc || number == roles.sp) continue;
    Votes* votes =
        vote(*value, number == roles.fp ? 3 : 1, snapshot::register_name(space.arch(), number));
    if (votes) votes->lowest = std::min(votes->lowest, Address{*value});
  }
  // glibc puts a new thread's control block at the top of its stack.
  if (thread_pointer && !is_main) vote(*thread_pointer, 2, "the thread pointer");
  if (is_main) {
    for (const snapshot::Region& region : space.snapshot().regions) {
      if (region.file == "[stack]")
        vote(region.range.end.value - 1, 2, "the main thread's mapping");
    }
  }
  const snapshot::Region* best = nullptr;
  for (const auto& [region, votes] : candidates) {
    if (!best || votes.weight > candidates[best].weight) best = region;
  }
  if (!best) return {};
  const Votes& votes = candidates[best];
  Address from = std::max(std::min(votes.lowest, best->range.end), best->range.begin);
  if (from == best->range.end) from = best->range.begin;
  size_t words = std::min<uint64_t>((best->range.end - from) / space.pointer_size(), kMostWords);
  return StackChoice{
      from, words,
      fmt::format("the stack at {} was chosen, by {}", best->range.begin, votes.witness)};
}

}  // namespace inquest::unwind
