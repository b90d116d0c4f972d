#include "cause/growth/growth_profile.h"

#include <algorithm>
#include <unordered_map>

#include "cause/contents.h"
#include "cause/heap/owners.h"
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

/// "line # of a chat" of "line 4711 of a chat about nothing": text that begins alike. Empty where
/// too little of it is there.
std::string pattern_of(Bytes text) {
  constexpr size_t kLeastPattern = 6, kMostPattern = 24;
  // UTF-16 of an alphabet that has its letters where ASCII has them.
  const size_t width = text.size() > 1 && text[1] == std::byte{0} ? 2 : 1;
  std::string pattern;
  for (size_t i = 0; i < text.size() && pattern.size() < kMostPattern; i += width) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7f) break;
    const bool is_digit = c >= '0' && c <= '9';
    if (is_digit && pattern.ends_with('#')) continue;
    pattern.push_back(is_digit ? '#' : static_cast<char>(c));
  }
  return pattern.size() < kLeastPattern ? std::string() : pattern;
}

/// Sums of text by how it begins. Lossy counting (Manku, Motwani, "Approximate Frequency Counts
/// over Data Streams", VLDB 2002): of what is rare, few blocks may be missing, so that memory is
/// bounded.
class TextPatterns {
 public:
  explicit TextPatterns(const snapshot::Memory& memory) : memory_(memory) {}

  void add(const heap::Block& block) {
    constexpr uint64_t kRead = 128;
    std::string pattern = pattern_of(memory_.view(block.address(), std::min(block.size, kRead)));
    if (pattern.empty()) return;
    add_to(sums_[std::move(pattern)], 1, block.size);
    constexpr size_t kMostPatterns = 20000;
    if (sums_.size() <= kMostPatterns) return;
    ++rare_;
    std::erase_if(sums_, [&](const auto& entry) { return entry.second.blocks <= rare_; });
  }
  std::map<std::string, objects::Sum> take() { return {sums_.begin(), sums_.end()}; }

 private:
  const snapshot::Memory& memory_;
  std::unordered_map<std::string, objects::Sum> sums_;
  uint64_t rare_ = 0;
};

void sum_blocks(const Process& process, const heap::Heaps& heaps, const BlockTypes& types,
                Profile& profile) {
  NamesOfTypes names(types);
  TextPatterns texts(process.memory());
  std::vector<objects::Sum> arenas(heaps.arenas.size());
  std::map<const std::string*, objects::Sum> by_type;  // names stay where they are
  for (const heap::Block& block : heaps.blocks) {
    if (block.state() != heap::State::used) continue;
    add_to(profile.used, 1, block.size);
    add_to(profile.sizes[block.size], 1, block.size);
    const std::string& name = names.of(block);
    add_to(by_type[&name], 1, block.size);
    if (name == kTextType) texts.add(block);
    if (block.arena < arenas.size()) add_to(arenas[block.arena], 1, block.size);
  }
  profile.texts = texts.take();
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
  add_to(profile.owners[kSeveralTogether], dominators.retained_blocks(objects::kAllRoots) - alone,
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
  sum_blocks(process, heaps, types, profile);
  RootOwners roots = find_owners(process, references.roots());
  auto dominators = Dominators::find(heaps, references, std::move(roots.owners), roots.owner_of);
  sum_owners(process, dominators, profile);
  profile.kept =
      find_kept_kinds({.process = process,
                       .heaps = heaps,
                       .references = references,
                       .dominators = dominators,
                       .owner_of = roots.owner_of,
                       .types = types,
                       .least_bytes = std::max(kLeastLookedInto, profile.used.bytes / 1000)});
  take_warnings(snapshot, heaps, profile);
  return profile;
}

}  // namespace inquest::cause
