#include "cause/growth_profile.h"

#include <algorithm>

#include "cause/contents.h"
#include "cause/owners.h"
#include "objects/dominators.h"

namespace inquest::cause {
namespace {

using objects::Dominators;
using objects::kFirstOwner;
using objects::Node;
using objects::RootKind;

constexpr uint64_t kLeastLookedInto = 16 << 10;

void add_to(objects::Sum& sum, uint64_t blocks, uint64_t bytes) {
  sum.blocks += blocks;
  sum.bytes += bytes;
}

void sum_blocks(const heap::Heaps& heaps, const BlockTypes& types, Profile& profile) {
  NamesOfTypes names(types);
  std::vector<objects::Sum> arenas(heaps.arenas.size());
  std::map<const std::string*, objects::Sum> by_type;  // names stay where they are
  for (const heap::Block& block : heaps.blocks) {
    if (block.state() != heap::State::used) continue;
    add_to(profile.used, 1, block.size);
    add_to(profile.sizes[block.size], 1, block.size);
    add_to(by_type[&names.of(block)], 1, block.size);
    if (block.arena < arenas.size()) add_to(arenas[block.arena], 1, block.size);
  }
  for (const auto& [name, sum] : by_type) add_to(profile.types[*name], sum.blocks, sum.bytes);
  for (size_t i = 0; i < arenas.size(); ++i)
    add_to(profile.arenas[heaps.arenas[i].name], arenas[i].blocks, arenas[i].bytes);
}

/// What another process of the program calls the same: it has other threads, and maps elsewhere.
std::string general_name(const snapshot::Snapshot& process, const objects::RootOwner& owner) {
  if (owner.kind == RootKind::mapping) return "mappings";
  if (owner.kind == RootKind::global) return owner.name;
  const snapshot::Thread* thread = process.thread_by_id(owner.thread);
  const std::string name = thread ? thread->name : std::string();
  return fmt::format("threads{}{}, {}", name.empty() ? "" : " ", name,
                     owner.kind == RootKind::thread_local_data ? "thread-local data" : "stack");
}

void sum_owners(const Process& process, const Dominators& dominators, Profile& profile) {
  uint64_t alone = 0, alone_bytes = 0;
  for (size_t i = 0; i < dominators.owners().size(); ++i) {
    const Node node = kFirstOwner + static_cast<Node>(i);
    const uint64_t blocks = dominators.retained_blocks(node);
    const uint64_t bytes = dominators.retained_bytes(node);
    alone += blocks;
    alone_bytes += bytes;
    if (blocks == 0) continue;
    const objects::RootOwner& owner = dominators.owners()[i];
    add_to(profile.owners[owner.name], blocks, bytes);
    std::string general = general_name(process.snapshot(), owner);
    if (general != owner.name) profile.general_names.emplace(owner.name, std::move(general));
  }
  add_to(profile.owners[kSeveralTogether],
         dominators.retained_blocks(objects::kAllRoots) - alone,
         dominators.retained_bytes(objects::kAllRoots) - alone_bytes);
  profile.lost = {dominators.retained_blocks(objects::kNobody),
                  dominators.retained_bytes(objects::kNobody)};
  profile.owners[kLostOwner] = profile.lost;
}

void take_warnings(const snapshot::Snapshot& process, const heap::Heaps& heaps, Profile& profile) {
  for (const auto* warnings : {&process.warnings, &heaps.warnings}) {
    for (const Warning& warning : *warnings)
      profile.warnings.push_back(
          {fmt::format("{}: {}", process.path, warning.what), warning.advice});
  }
  if (heaps.blocks.empty())
    profile.warnings.push_back(
        {fmt::format("{}: no block of any allocator was found", process.path),
         "take complete dumps: `inquest dump PID`"});
}

}  // namespace

Profile profile_of(const Process& process, const heap::Heaps& heaps,
                   const objects::References& references, const BlockTypes& types) {
  const snapshot::Snapshot& snapshot = process.snapshot();
  Profile profile{.dump = describe_dump(snapshot),
                  .identity = identity_of(snapshot),
                  .time = snapshot.process.time};
  profile.is_file_time =
      snapshot.format == snapshot::Format::elf_core && !snapshot.annotations.contains("time");
  profile.ceilings = heap::describe_address_space(snapshot, heaps).ceilings;
  sum_blocks(heaps, types, profile);
  RootOwners roots = find_owners(process, references.roots());
  auto dominators = Dominators::find(heaps, references, std::move(roots.owners), roots.owner_of);
  sum_owners(process, dominators, profile);
  profile.kept = find_kept_kinds({.process = process,
                                  .heaps = heaps,
                                  .references = references,
                                  .dominators = dominators,
                                  .owner_of = roots.owner_of,
                                  .types = types,
                                  .least_bytes =
                                      std::max(kLeastLookedInto, profile.used.bytes / 1000)});
  take_warnings(snapshot, heaps, profile);
  return profile;
}

}  // namespace inquest::cause
