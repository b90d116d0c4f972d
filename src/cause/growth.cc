#include "cause/growth.h"

#include <algorithm>

#include "cause/contents.h"
#include "cause/owners.h"
#include "objects/dominators.h"

namespace inquest::cause {
namespace {

using answer::Growth;
using objects::Node;
using objects::Sum;

void add_to(Sum& sum, uint64_t blocks, uint64_t bytes) {
  sum.blocks += blocks;
  sum.bytes += bytes;
}

Growth growth_of(std::string what, const Sum& before, const Sum& after) {
  return {std::move(what), before.blocks, after.blocks, before.bytes, after.bytes};
}

/// Of all that either knows, what changed by `noise` bytes or more.
template <class Key, class Name>
std::vector<Growth> changes(const std::map<Key, Sum>& before, const std::map<Key, Sum>& after,
                            uint64_t noise, Name&& name) {
  std::map<Key, std::pair<Sum, Sum>> both;
  for (const auto& [key, sum] : before) both[key].first = sum;
  for (const auto& [key, sum] : after) both[key].second = sum;
  std::vector<Growth> changed;
  for (const auto& [key, sums] : both) {
    Growth growth = growth_of(name(key), sums.first, sums.second);
    uint64_t least = std::max<uint64_t>(noise, 1);
    if (static_cast<uint64_t>(std::abs(growth.bytes())) >= least)
      changed.push_back(std::move(growth));
  }
  std::ranges::stable_sort(changed, std::greater(), &Growth::bytes);
  return changed;
}

}  // namespace

Profile profile_of(const Process& process, const heap::Heaps& heaps,
                   const objects::References& references) {
  Profile profile{.dump = describe_dump(process.snapshot())};
  for (const heap::Block& block : heaps.blocks) {
    if (block.state() != heap::State::used) continue;
    add_to(profile.used, 1, block.size);
    add_to(profile.sizes[block.size], 1, block.size);
    if (block.arena < heaps.arenas.size())
      add_to(profile.arenas[heaps.arenas[block.arena].name], 1, block.size);
  }
  RootOwners roots = find_owners(process, references.roots());
  auto dominators =
      objects::Dominators::find(heaps, references, std::move(roots.owners), roots.owner_of);
  uint64_t alone = 0, alone_bytes = 0;
  for (size_t i = 0; i < dominators.owners().size(); ++i) {
    Node owner = objects::kFirstOwner + static_cast<Node>(i);
    uint64_t blocks = dominators.retained_blocks(owner), bytes = dominators.retained_bytes(owner);
    alone += blocks;
    alone_bytes += bytes;
    if (blocks > 0) add_to(profile.owners[dominators.owners()[i].name], blocks, bytes);
  }
  add_to(profile.owners["several together"], dominators.retained_blocks(objects::kAllRoots) - alone,
         dominators.retained_bytes(objects::kAllRoots) - alone_bytes);
  profile.lost = {dominators.retained_blocks(objects::kNobody),
                  dominators.retained_bytes(objects::kNobody)};
  profile.owners["nobody: lost"] = profile.lost;
  for (const auto* warnings : {&process.snapshot().warnings, &heaps.warnings}) {
    for (const Warning& warning : *warnings)
      profile.warnings.push_back(
          {fmt::format("{}: {}", process.snapshot().path, warning.what), warning.advice});
  }
  if (heaps.blocks.empty())
    profile.warnings.push_back(
        {fmt::format("{}: no block of any allocator was found", process.snapshot().path),
         "take complete dumps: `inquest dump PID`"});
  return profile;
}

answer::Diff compare(const Profile& before, const Profile& after, bool with_noise) {
  answer::Diff diff{.before = before.dump, .after = after.dump};
  diff.total = growth_of("all used blocks", before.used, after.used);
  diff.lost = growth_of("lost", before.lost, after.lost);
  constexpr uint64_t kLeast = 64 << 10;
  diff.noise = with_noise ? 0 : std::max(kLeast, before.used.bytes / 100);
  auto same = [](const std::string& name) { return name; };
  diff.owners = changes(before.owners, after.owners, diff.noise, same);
  diff.arenas = changes(before.arenas, after.arenas, diff.noise, same);
  diff.sizes = changes(before.sizes, after.sizes, diff.noise,
                       [](uint64_t size) { return fmt::format("{} bytes", size); });
  diff.warnings = before.warnings;
  diff.warnings.insert(diff.warnings.end(), after.warnings.begin(), after.warnings.end());
  if (before.dump.command != after.dump.command)
    diff.warnings.push_back({"the dumps are of different programs", "compare two of one program"});
  return diff;
}

}  // namespace inquest::cause
