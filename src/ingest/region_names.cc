#include <algorithm>
#include <elf.h>

#include "ingest/core_memory.h"

namespace inquest::ingest {
namespace {

using snapshot::Module;
using snapshot::Region;
using snapshot::Snapshot;

/// The unnamed region that holds `at`; null when there is none or it has a name.
Region* unnamed_at(Snapshot& snapshot, Address at) {
  const Region* found = snapshot.region_at(at);
  if (!found || !found->file.empty()) return nullptr;
  return &snapshot.regions[static_cast<size_t>(found - snapshot.regions.data())];
}

std::optional<Address> auxiliary(const Snapshot& snapshot, uint64_t key) {
  auto found = snapshot.process.auxv.find(key);
  if (found == snapshot.process.auxv.end() || found->second == 0) return {};
  return Address{found->second};
}

void name_vdso(Snapshot& snapshot) {
  auto at = auxiliary(snapshot, AT_SYSINFO_EHDR);
  if (!at) return;
  Region* vdso = unnamed_at(snapshot, *at);
  if (!vdso) return;
  vdso->file = "[vdso]";
  if (vdso == snapshot.regions.data()) return;
  // The kernel's clock data lies right below it.
  Region* below = vdso - 1;
  bool readable_only = below->access && below->access->read && !below->access->write;
  if (below->file.empty() && below->range.end == vdso->range.begin && readable_only) {
    below->file = "[vvar]";
  }
}

void name_stacks(Snapshot& snapshot) {
  // The kernel puts the arguments on the main stack, so these point into it whatever sp says.
  for (uint64_t key : {AT_EXECFN, AT_RANDOM}) {
    auto at = auxiliary(snapshot, key);
    if (Region* stack = at ? unnamed_at(snapshot, *at) : nullptr) stack->file = "[stack]";
  }
  for (const snapshot::Thread& thread : snapshot.threads) {
    bool is_main =
        snapshot.process.pid && thread.id == static_cast<uint32_t>(*snapshot.process.pid);
    // C libraries keep the thread's descriptor, where tls points, at the top of its stack.
    std::optional<Address> at = thread.registers.sp();
    if (!is_main) at = thread.tls ? std::optional(Address{*thread.tls}) : std::nullopt;
    if (Region* stack = at ? unnamed_at(snapshot, *at) : nullptr) {
      if (!stack->access || !stack->access->write) continue;
      stack->file = is_main ? "[stack]" : fmt::format("[stack:{}]", thread.id);
    }
  }
}

/// The break begins a random way (up to 1 GiB on AArch64) above the executable's last byte.
void name_heap(Snapshot& snapshot) {
  constexpr uint64_t kFarthest = (1ull << 30) + (1ull << 20);
  auto main = std::ranges::find_if(snapshot.modules, &Module::is_main);
  if (main == snapshot.modules.end()) return;
  auto first = std::ranges::partition_point(
      snapshot.regions, [&](const Region& r) { return r.range.begin < main->range.end; });
  if (first == snapshot.regions.end() || !first->file.empty()) return;
  bool data = first->access && first->access->write && !first->access->execute;
  if (data && first->range.begin - main->range.end <= kFarthest) first->file = "[heap]";
}

}  // namespace

void name_regions(Snapshot& snapshot) {
  name_vdso(snapshot);
  name_heap(snapshot);
  name_stacks(snapshot);
}

}  // namespace inquest::ingest
