// Heaps of a Windows process in which the input overwrites what it likes. The first byte chooses
// the heap (NT of four versions, Wine of two, segment heap) and the width; then records: an offset
// in the memory, and the eight bytes there. What a record changes is put back afterwards.
#include <array>
#include <cstdlib>
#include <memory>

#include "base/cursor.h"
#include "heap/heap.h"
#include "testkit/windows_heap.h"

namespace {

using namespace inquest;
using testkit::HeapMemory;

constexpr uint64_t kBase = 0x10000000;
constexpr size_t kKinds = 7;

struct [[gnu::packed]] Record {
  le32 offset;
  le64 word;
};

void add_debug_blocks(HeapMemory& memory, auto& heap) {
  uint64_t before = 0;
  for (uint32_t i = 0; i < 8; ++i) {
    uint64_t at = heap.allocate(20 + i + testkit::debug_overhead(memory.word()));
    testkit::write_debug_block(memory, {.at = at, .size = 20 + i, .next = before, .request = i});
    if (before != 0) memory.pointer(before + memory.word(), at);
    before = at;
  }
}

std::unique_ptr<HeapMemory> nt_heap(testkit::NtHeapBuilder::Version version, unsigned word) {
  auto memory = std::make_unique<HeapMemory>(kBase, 0x40000, word);
  testkit::NtHeapBuilder heap(*memory, version, 0xa3a81e1b0ce8, 0x5f3759df);
  heap.allocate(24);
  heap.release(0x80);
  heap.allocate(5000);
  heap.hole(0x2000);
  heap.subsegment(8, {0, 33, 40, 0, 20, 10, 0, 30});
  add_debug_blocks(*memory, heap);
  heap.large(0x1234);
  heap.finish();
  memory->process_blocks(memory->end() - 0x10000, {kBase});
  return memory;
}

std::unique_ptr<HeapMemory> wine_heap(bool has_groups, unsigned word) {
  auto memory = std::make_unique<HeapMemory>(kBase, 0x40000, word);
  testkit::WineHeapBuilder heap(*memory, has_groups);
  heap.allocate(24);
  heap.release(16 * word - 8);
  heap.allocate(5000);
  if (has_groups) heap.group(64, std::vector<uint64_t>(31, 40));
  add_debug_blocks(*memory, heap);
  heap.large(kBase + 0x20000, 0x3456);
  heap.finish();
  memory->process_blocks(memory->end() - 0x10000, {kBase});
  return memory;
}

std::unique_ptr<HeapMemory> segment_heap() {
  auto memory = std::make_unique<HeapMemory>(0x7f0000000, 0x240000, 8);
  testkit::SegmentHeapBuilder heap(*memory, 0x123456789abcdef0, 0x5f3759df);
  heap.pages(3, 0x2f00);
  heap.variable(4, {24, 100, 0, 17, 4000, 31});
  heap.front(1, 4, {0, 64, 63, 50, 0, 49});
  heap.front(1, 2, {0, 32, 31, 17, 0, 20, 30});
  heap.large(memory->begin() + 0x220000, 0x12345);
  heap.finish();
  memory->process_blocks(memory->end() - 0x10000, {memory->begin()});
  return memory;
}

HeapMemory& chosen(unsigned kind, unsigned word) {
  static std::array<std::array<std::unique_ptr<HeapMemory>, 2>, kKinds> all;
  auto& memory = all[kind][word == 8];
  if (memory) return *memory;
  if (kind < 4) {
    memory = nt_heap(static_cast<testkit::NtHeapBuilder::Version>(kind), word);
  } else if (kind < 6) {
    memory = wine_heap(kind == 5, word);
  } else {
    memory = segment_heap();
  }
  return *memory;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Cursor cursor(std::as_bytes(std::span(data, std::min<size_t>(size, 1 << 12))));
  unsigned choice = cursor.remaining() > 0 ? uint8_t{cursor.read<u8>()} : 0;
  unsigned kind = choice / 2 % kKinds, word = choice % 2 || kind == 6 ? 8 : 4;
  HeapMemory& memory = chosen(kind, word);
  std::vector<std::pair<uint64_t, uint64_t>> before;
  while (cursor.remaining() >= sizeof(Record)) {
    auto record = cursor.read<Record>();
    uint64_t at = memory.begin() + record.offset % (memory.bytes().size() - 8);
    before.emplace_back(at, memory.number_at(at, 8));
    memory.number(at, record.word, 8);
  }
  snapshot::Snapshot process;
  process.os = snapshot::Os::windows;
  process.arch = word == 8 ? snapshot::Arch::x86_64 : snapshot::Arch::x86;
  process.threads = {{.id = 1, .tls = memory.end() - 0x10000}};
  process.memory.add({memory.begin()}, memory.bytes(), snapshot::Origin::dump, nullptr);
  heap::Heaps heaps = heap::find_heaps({.process = process});
  uint64_t end = 0;
  for (const heap::Block& block : heaps.blocks) {
    if (block.arena >= heaps.arenas.size() || block.begin < end) std::abort();
    end = block.begin + block.size;
  }
  for (const heap::Fault& fault : heaps.faults) {
    if (fault.arena >= heaps.arenas.size()) std::abort();
  }
  for (const heap::Origin& origin : heaps.origins) {
    if (origin.block >= heaps.blocks.size() || origin.file >= heaps.origin_files.size())
      std::abort();
  }
  for (auto at = before.rbegin(); at != before.rend(); ++at)
    memory.number(at->first, at->second, 8);
  return 0;
}
