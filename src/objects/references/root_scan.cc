#include "objects/references/root_scan.h"

#include <algorithm>

#include "base/parallel.h"

namespace inquest::objects {
namespace {

/// Whether a thread stands behind a system call. Functions may overwrite vector registers (psABI
/// x86-64 3.2.1), so whoever called the C library's keeps nothing in them: what they hold is stale.
bool is_in_system_call(const snapshot::Snapshot& process, const snapshot::Thread& thread) {
  auto pc = thread.registers.pc();
  if (process.arch != snapshot::Arch::x86_64 || process.os != snapshot::Os::linux || !pc)
    return false;
  constexpr std::byte kSystemCall[] = {std::byte{0x0f}, std::byte{0x05}};
  std::byte before[2];
  return process.memory.read(*pc - 2, before) == 2 && std::ranges::equal(before, kSystemCall);
}

void take_registers(const snapshot::Snapshot& process, const WordScan& scan,
                    std::vector<Root>& roots) {
  for (const snapshot::Thread& thread : process.threads) {
    auto take = [&](const Hit& hit) {
      if (hit.tag == 0) roots.push_back({{0}, hit.block, thread.id, RootKind::registers, hit.into});
    };
    for (snapshot::Register n = 0; n < snapshot::Registers::kCapacity; ++n) {
      if (auto value = thread.registers.get(n)) scan.look_up(*value, take);
    }
    // Pointers pass through vector registers when they are copied in pairs.
    if (thread.vector_state.empty() || is_in_system_call(process, thread)) continue;
    const auto& vectors = thread.vector_state;
    for (size_t at = 0; at + 8 <= vectors.size(); at += 8) {
      uint64_t word;
      std::memcpy(&word, vectors.data() + at, 8);
      scan.look_up(word, take);
    }
  }
}

/// Large ranges in parts, so that all cores have their share of them. A damaged dump may claim a
/// range as large as all addresses: what it holds nothing of makes no part.
std::vector<RootRange> shares_of(const snapshot::Memory& memory,
                                 const std::vector<RootRange>& ranges) {
  constexpr uint64_t kShare = 16 << 20;
  std::vector<RootRange> parts;
  for (const RootRange& whole : ranges) {
    for (Address at = whole.range.begin; at < whole.range.end;) {
      auto held = memory.next_held(at);
      if (!held || *held >= whole.range.end) break;
      at = *held;
      Address end = at + std::min(whole.range.end - at, kShare - at.value % kShare);
      parts.push_back({{at, end}, whole.kind, whole.thread});
      at = end;
    }
  }
  return parts;
}

/// A pool of millions of pointers must not become millions of roots: of those that keep the same
/// block in the same way the first stays.
void keep_first_of_each(std::vector<Root>& roots) {
  constexpr size_t kFew = 1 << 16;
  if (roots.size() < kFew) return;
  auto what = [](const Root& root) { return std::pair(root.block, root.into); };
  std::ranges::sort(roots, [&](const Root& a, const Root& b) {
    return std::pair(what(a), a.at) < std::pair(what(b), b.at);
  });
  auto rest = std::ranges::unique(roots, {}, what);
  roots.erase(rest.begin(), rest.end());
  roots.shrink_to_fit();
  std::ranges::sort(roots, {}, &Root::at);
}

RootsFound read_range(const WordScan& scan, const RootRange& part, const RootPlaces& places) {
  constexpr size_t kTaggedKept = 1 << 16;
  RootsFound found;
  found.scanned = scan.scan(part.range, [&](const Hit& hit) {
    if (hit.tag != 0) {
      ++found.tagged;
      found.tags |= hit.tag;
      if (found.tagged_blocks.size() < kTaggedKept) found.tagged_blocks.push_back(hit.block);
      return;
    }
    Into into = hit.into;
    if (into == Into::middle && std::ranges::binary_search(places.vector_words, Address{hit.at}))
      into = Into::thread_vector;
    found.roots.push_back({{hit.at}, hit.block, part.thread, part.kind, into});
  });
  found.pointers = found.roots.size();
  keep_first_of_each(found.roots);
  return found;
}

}  // namespace

RootsFound read_roots(const snapshot::Snapshot& process, const WordScan& scan,
                      const RootPlaces& places, ReferenceTotals& totals) {
  RootsFound all;
  take_registers(process, scan, all.roots);
  auto& registers = totals.roots[static_cast<size_t>(RootKind::registers)];
  registers.ranges = process.threads.size();
  registers.pointers = all.roots.size();
  for (const RootRange& range : places.ranges) {
    auto& sum = totals.roots[static_cast<size_t>(range.kind)];
    ++sum.ranges;
    sum.bytes += range.range.size();
  }
  std::vector<RootRange> parts = shares_of(process.memory, places.ranges);
  std::vector<RootsFound> found(parts.size());
  parallel_for(parts.size(), [&](size_t i) { found[i] = read_range(scan, parts[i], places); });
  for (size_t i = 0; i < found.size(); ++i) {
    RootsFound& some = found[i];
    totals.roots[static_cast<size_t>(parts[i].kind)].pointers += some.pointers;
    all.roots.insert(all.roots.end(), some.roots.begin(), some.roots.end());
    all.tagged_blocks.insert(all.tagged_blocks.end(), some.tagged_blocks.begin(),
                             some.tagged_blocks.end());
    all.scanned += some.scanned;
    all.tagged += some.tagged;
    all.tags |= some.tags;
    some = {};
  }
  for (const RootRange& range : places.ranges) all.missing += range.range.size();
  all.missing -= std::min(all.missing, all.scanned);
  return all;
}

}  // namespace inquest::objects
