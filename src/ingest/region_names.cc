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

void name_vdso(Snapshot& snapshot) {
  auto at = snapshot.process.auxiliary(AT_SYSINFO_EHDR);
  if (!at) return;
  Region* vdso = unnamed_at(snapshot, Address{*at});
  if (!vdso) return;
  vdso->file = "[vdso]";
  // The kernel's clock data, one region or two, lies right below it.
  for (Region* above = vdso; above != snapshot.regions.data(); --above) {
    Region& below = *(above - 1);
    bool readable_only = below.access && below.access->read && !below.access->write;
    if (!below.file.empty() || below.range.end != above->range.begin || !readable_only) return;
    below.file = "[vvar]";
  }
}

/// A fixed page of x86-64's address space, which the kernel maps into every process.
void name_vsyscall(Snapshot& snapshot) {
  if (snapshot.arch != snapshot::Arch::x86_64) return;
  constexpr Address kVsyscall{0xffffffffff600000};
  if (Region* region = unnamed_at(snapshot, kVsyscall)) region->file = "[vsyscall]";
}

void name_stacks(Snapshot& snapshot) {
  // The kernel puts the arguments on the main stack, so these point into it whatever sp says.
  for (uint64_t key : {AT_EXECFN, AT_RANDOM}) {
    auto at = snapshot.process.auxiliary(key);
    if (Region* stack = at ? unnamed_at(snapshot, Address{*at}) : nullptr) stack->file = "[stack]";
  }
  for (const snapshot::Thread& thread : snapshot.threads) {
    bool is_main =
        snapshot.process.pid && thread.id == static_cast<uint32_t>(*snapshot.process.pid);
    // C libraries keep the thread's descriptor, where tls points, at the top of its stack.
    std::optional<Address> at = thread.registers.sp();
    if (!is_main) at = thread.tls ? std::optional(Address{*thread.tls}) : std::nullopt;
    if (Region* stack = at ? unnamed_at(snapshot, Address{*at}) : nullptr) {
      if (!stack->access || !stack->access->write) continue;
      stack->file = is_main ? "[stack]" : fmt::format("[stack:{}]", thread.id);
    }
  }
}

/// Whether a region can be the heap: data that no file backs.
bool is_anonymous_data(const Region& region) {
  return region.file.empty() && region.access && region.access->write && !region.access->execute;
}

/// The break begins a random way (up to 1 GiB on AArch64) above the executable's last byte.
void name_heap(Snapshot& snapshot) {
  constexpr uint64_t kFarthest = (1ull << 30) + (1ull << 20);
  auto main = std::ranges::find_if(snapshot.modules, &Module::is_main);
  if (main == snapshot.modules.end()) return;
  auto first = std::ranges::partition_point(
      snapshot.regions, [&](const Region& r) { return r.range.begin < main->range.end; });
  if (first != snapshot.regions.end() && is_anonymous_data(*first) &&
      first->range.begin - main->range.end <= kFarthest) {
    first->file = "[heap]";
    return;
  }
  // A static position-independent program has its break elsewhere; its C library takes the main
  // thread's descriptor from there.
  bool has_linker = snapshot.process.auxiliary(AT_BASE).has_value();
  auto pid = static_cast<uint32_t>(snapshot.process.pid.value_or(0));
  const snapshot::Thread* thread = snapshot.thread_by_id(pid);
  if (has_linker || !thread || !thread->tls) return;
  Region* region = unnamed_at(snapshot, Address{*thread->tls});
  if (region && is_anonymous_data(*region)) region->file = "[heap]";
}

}  // namespace

void name_regions(Snapshot& snapshot) {
  name_vdso(snapshot);
  name_vsyscall(snapshot);
  name_heap(snapshot);
  name_stacks(snapshot);
}

}  // namespace inquest::ingest
