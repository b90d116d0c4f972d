// The memory of a process whose allocators' books are whatever the input says: records of an area
// (data of a module, or heap), an index of a word in it, and the word. Seeds: heap_seeds.py.
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/cursor.h"
#include "heap/heap.h"
#include "heap/jemalloc/jemalloc.h"
#include "heap/mimalloc/mimalloc.h"
#include "heap/tcmalloc/tcmalloc.h"

namespace {

using namespace inquest;

constexpr uint64_t kData = 0x10000000, kHeap = 0x12000000;

struct [[gnu::packed]] Record {
  u8 area;
  le32 index;
  le64 word;
};

struct Area {
  uint64_t at;
  std::vector<uint64_t> words;
  AddressRange range() const { return {{at}, {at + words.size() * 8}}; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Area areas[2] = {{kData, std::vector<uint64_t>((3 << 20) / 8)},
                          {kHeap, std::vector<uint64_t>((8 << 20) / 8)}};
  Cursor cursor(std::as_bytes(std::span(data, std::min<size_t>(size, 1 << 14))));
  std::vector<uint64_t*> written;
  while (cursor.remaining() >= sizeof(Record)) {
    auto record = cursor.read<Record>();
    auto& words = areas[record.area % 2].words;
    written.push_back(&words[record.index % words.size()]);
    *written.back() = record.word;
  }
  snapshot::Snapshot process;
  process.modules = {{.path = "/lib/liballocator.so", .range = areas[0].range(), .is_main = true}};
  for (const Area& area : areas) {
    process.regions.push_back(
        {.range = area.range(), .access = snapshot::Access{.read = true, .write = true}});
    process.memory.add({area.at}, std::as_bytes(std::span(area.words)), snapshot::Origin::dump, {});
  }
  process.regions[0].file = process.modules[0].path;
  process.threads = {{.id = 1, .tls = kHeap + (1 << 20)}};

  heap::Heaps heaps;
  heap::Input input{.process = process};
  heap::find_jemalloc(input, heaps);
  heap::find_mimalloc(input, heaps);
  heap::find_tcmalloc(input, heaps);
  for (const heap::Block& block : heaps.blocks) {
    if (block.arena >= heaps.arenas.size()) std::abort();
  }
  for (const heap::Fault& fault : heaps.faults) {
    if (fault.arena >= heaps.arenas.size()) std::abort();
  }
  for (uint64_t* word : written) *word = 0;
  return 0;
}
