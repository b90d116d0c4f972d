// A user's description of pools, read and then applied to a small process: its places may be any
// addresses, its free lists lead anywhere. Seeds: an example of each form, and of each mistake.
#include <cstdlib>

#include "heap/pools/pools.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace inquest;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto pools = heap::parse_pools(text, "pools.txt");
  if (!pools) {
    if (pools.error().what.empty()) std::abort();
    return 0;
  }
  // The description's own bytes are the memory: offsets, links and pointers of every kind.
  snapshot::Snapshot process;
  AddressRange range{{0x10000}, {0x10000 + size}};
  process.regions.push_back({.range = range, .recorded = size});
  process.memory.add(range.begin, Bytes(reinterpret_cast<const std::byte*>(data), size),
                     snapshot::Origin::dump, nullptr);
  heap::Heaps heaps;
  heaps.allocators.push_back({.name = "outer"});
  heaps.arenas.push_back({.segments = {range}});
  for (uint64_t at = 0; at + 64 <= size; at += 64) {
    heap::Block block;
    block.begin = range.begin.value + at;
    block.size = at % 128 == 0 ? 64 : 32;
    block.set_state(at % 192 == 0 ? heap::State::free : heap::State::used);
    heaps.blocks.push_back(block);
  }
  auto find = [&](std::string_view name) -> std::optional<Address> {
    if (name.size() % 3 == 0) return {};
    return Address{range.begin.value + name.size() * 16};
  };
  heap::add_pools({process, find}, *pools, "pools.txt", heaps);
  uint64_t end = 0;
  for (const heap::Block& block : heaps.blocks) {
    if (block.begin < end || block.size == 0 || block.arena >= heaps.arenas.size()) std::abort();
    end = block.begin + block.size;
  }
  return 0;
}
