#include "objects/references/thread_areas.h"

#include <algorithm>
#include <cstring>

#include "objects/references/image_segments.h"

namespace inquest::objects {
namespace {

using snapshot::Arch;
using snapshot::Snapshot;

constexpr uint64_t kDescriptor = 0xa00;     ///< struct pthread is 0x900 bytes in glibc 2.36
constexpr uint64_t kTeb = 0x2000;           ///< with the slots of TlsAlloc
constexpr uint64_t kMostStatic = 64 << 20;  ///< more thread-local data than any program has

/// Thread-local data of a module, by its program headers, if the dump has them.
uint64_t thread_local_size(const snapshot::Memory& memory, const snapshot::Module& module) {
  uint64_t size = 0;
  for (const Elf64_Phdr& segment : image_segments(memory, module)) {
    if (segment.p_type == PT_TLS)
      size += std::min(segment.p_memsz, kMostStatic) + std::min<uint64_t>(segment.p_align, 4096);
  }
  return size;
}

uint64_t static_size(const Snapshot& process) {
  uint64_t size = 0;
  for (const snapshot::Module& module : process.modules)
    size += thread_local_size(process.memory, module);
  // Where nothing is known, what the C and C++ libraries take.
  return std::clamp<uint64_t>(size, 1024, kMostStatic);
}

std::optional<Address> vector_word(const Snapshot& process, Address tls) {
  if (process.os != snapshot::Os::linux) return {};
  if (process.arch == Arch::x86_64) return tls + 8;
  if (process.arch == Arch::x86) return tls + 4;
  return tls;
}

}  // namespace

std::vector<ThreadArea> thread_areas(const Snapshot& process) {
  std::vector<ThreadArea> areas;
  const bool is_windows = process.os == snapshot::Os::windows;
  // On x86 the data lie below the thread pointer, on ARM above it.
  const bool below = process.arch == Arch::x86_64 || process.arch == Arch::x86;
  const uint64_t data = is_windows ? 0 : static_size(process);
  for (const snapshot::Thread& thread : process.threads) {
    if (!thread.tls || *thread.tls == 0) continue;
    Address tls{*thread.tls};
    const snapshot::Region* region = process.region_at(tls);
    if (!region) continue;
    uint64_t down = is_windows ? 0 : below ? data : kDescriptor;
    uint64_t up = is_windows ? kTeb : below ? kDescriptor : data;
    AddressRange range{tls - std::min(down, tls - region->range.begin),
                       tls + std::min(up, region->range.end - tls)};
    areas.push_back({range, thread.id, vector_word(process, tls)});
  }
  return areas;
}

std::optional<ThreadArea> dead_thread_area(const Snapshot& process,
                                           const snapshot::Region& region) {
  constexpr uint64_t kTop = 16384, kAlignment = 64;
  if (process.arch != Arch::x86_64 || process.os != snapshot::Os::linux) return {};
  uint64_t end = region.range.end.value;
  uint64_t at = end - std::min(kTop, region.range.size());
  for (at = (at + kAlignment - 1) / kAlignment * kAlignment; at + kAlignment <= end;
       at += kAlignment) {
    Bytes words = process.memory.view({at}, 24);
    uint64_t tcb = 0, self = 0;
    if (words.size() < 24) continue;
    std::memcpy(&tcb, words.data(), 8);
    std::memcpy(&self, words.data() + 16, 8);
    if (tcb != at || self != at) continue;
    return ThreadArea{{{at}, {std::min(at + kDescriptor, end)}}, 0, vector_word(process, {at})};
  }
  return {};
}

}  // namespace inquest::objects
