/// A process with a heap, built word by word, for tests of this room.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>

#include "heap/heap.h"
#include "objects/references.h"
#include "snapshot/snapshot.h"

namespace inquest::objects {

/// The places are far apart, as in a real process; the heap is one segment.
class TestHeap {
 public:
  static constexpr uint64_t kHeap = 0x555500000000, kHeapSize = 1 << 16;
  static constexpr uint64_t kCode = 0x400000, kConstants = 0x402000, kData = 0x404000;
  static constexpr uint64_t kMapping = 0x7f1000000000, kStack = 0x7ffc00000000,
                            kTls = 0x7f2000000000;
  static constexpr uint64_t kSp = kStack + 0x800;

  explicit TestHeap(snapshot::Arch arch = snapshot::Arch::x86_64, uint64_t heap_size = kHeapSize) {
    process_.arch = arch;
    region(kHeap, heap_size, "[heap]");
    region(kCode, 0x1000, "/bin/game", {.read = true, .execute = true});
    region(kConstants, 0x1000, "/bin/game", {.read = true});
    region(kData, 0x2000, "/bin/game");
    region(kMapping, 0x10000, "");
    region(kStack, 0x1000, "[stack]");
    region(kTls, 0x4000, "");
    process_.modules.push_back(
        {.path = "/bin/game", .range = {{kCode}, {kData + 0x2000}}, .is_main = true});
    snapshot::Registers registers(arch);
    registers.set_sp({kSp});
    process_.threads.push_back({.id = 7, .registers = registers, .tls = kTls + 0x2000});
    heaps_.allocators.push_back({.name = "test"});
    heaps_.arenas.push_back({.segments = {{{kHeap}, {kHeap + heap_size}}}});
  }

  void region(uint64_t at, uint64_t size, std::string file,
              snapshot::Access access = {.read = true, .write = true}) {
    memory_[at].resize(size);
    process_.regions.push_back({.range = {{at}, {at + size}},
                                .access = access,
                                .file = std::move(file),
                                .recorded = size});
  }

  /// In the order of the calls, ascending; the first of them is 0.
  BlockId block(uint64_t offset, uint64_t size, heap::State state = heap::State::used) {
    heap::Block block;
    block.begin = kHeap + offset;
    block.size = size;
    block.set_state(state);
    heaps_.blocks.push_back(block);
    return static_cast<BlockId>(heaps_.blocks.size() - 1);
  }
  /// A block of 64 bytes behind the others.
  BlockId next_block() { return block(heaps_.blocks.size() * 80, 64); }
  uint64_t address(BlockId id) const { return heaps_.blocks[id].begin; }

  void put(uint64_t at, uint64_t value) {
    auto region = std::prev(memory_.upper_bound(at));
    unsigned size = snapshot::pointer_size(process_.arch);
    std::memcpy(region->second.data() + (at - region->first), &value, size);
  }
  /// The n-th word of a block points into another.
  void point(BlockId from, BlockId to, unsigned n = 0, uint64_t offset = 0) {
    put(address(from) + n * snapshot::pointer_size(process_.arch), address(to) + offset);
  }
  snapshot::Thread& thread() { return process_.threads.front(); }
  snapshot::Snapshot& process() { return process_; }
  heap::Heaps& heaps() { return heaps_; }

  References find(const ReferenceOptions& options = {}) {
    std::ranges::sort(process_.regions, {}, &snapshot::Region::range);
    process_.memory = {};
    for (const auto& [at, bytes] : memory_) {
      if (absent_ != at) process_.memory.add({at}, bytes, snapshot::Origin::dump, nullptr);
    }
    for (auto [at, source] : aliases_)
      process_.memory.add({at}, memory_[source], snapshot::Origin::dump, nullptr);
    return References::find(process_, heaps_, options);
  }
  /// A mapping for which the dump names the same bytes as for the region at `source`.
  void alias(uint64_t at, uint64_t source) {
    uint64_t size = memory_[source].size();
    process_.regions.push_back({.range = {{at}, {at + size}},
                                .access = snapshot::Access{.read = true, .write = true},
                                .recorded = size});
    aliases_.push_back({at, source});
  }
  /// The dump does not hold the region that begins there.
  void leave_out(uint64_t at) { absent_ = at; }

 private:
  std::map<uint64_t, std::vector<std::byte>> memory_;
  std::vector<std::pair<uint64_t, uint64_t>> aliases_;
  snapshot::Snapshot process_;
  heap::Heaps heaps_;
  uint64_t absent_ = 0;
};

}  // namespace inquest::objects
