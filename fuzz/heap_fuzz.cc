// A process of two pages of a module's data (the arena) and a heap behind them, walked as glibc's.
// Input: 8192 bytes of the module at 0x7f0000000000, the rest the heap at 0x555500000000.
// Seeds: fuzz/make_heap_seeds.py.
#include <cstdint>
#include <cstdlib>

#include "heap/heap.h"

using namespace inquest;

namespace {

void require(bool promise) {
  if (!promise) std::abort();
}

constexpr uint64_t kModule = 0x7f0000000000, kHeap = 0x555500000000, kData = 8192;

void add(snapshot::Snapshot& process, uint64_t at, Bytes bytes) {
  uint64_t pages = (bytes.size() + 4095) & ~uint64_t{4095};
  process.regions.push_back(
      {.range = {{at}, {at + pages}}, .access = snapshot::Access{true, true, false}});
  process.memory.add({at}, bytes, snapshot::Origin::dump, nullptr);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size <= kData) return 0;
  Bytes all(reinterpret_cast<const std::byte*>(data), size);
  snapshot::Snapshot process;
  add(process, kHeap, all.subspan(kData));
  add(process, kModule, all.first(kData));
  process.modules.push_back({.path = "libc.so.6", .range = {{kModule}, {kModule + kData}}});
  process.threads.push_back({.id = 1, .tls = kModule + kData});
  heap::Heaps heaps = heap::find_heaps({.process = process});
  uint64_t end = 0;
  for (const heap::Block& block : heaps.blocks) {
    require(block.begin >= end && block.arena < heaps.arenas.size() && block.state_bits <= 3);
    end = block.begin + block.size;
  }
  for (size_t i = 1; i < heaps.faults.size(); ++i)
    require(heaps.faults[i - 1].at <= heaps.faults[i].at);
  for (const heap::Arena& arena : heaps.arenas) require(arena.allocator < heaps.allocators.size());
  return 0;
}
