#include <fmt/core.h>

#include "heap/segment/view.h"

namespace inquest::heap::segment {
namespace {

constexpr uint64_t kUnit = 16, kFirstChunk = 0x30;  // behind _HEAP_VS_SUBSEGMENT

/// _HEAP_VS_CHUNK_HEADER: eight bytes encoded with the key and their own address, then flags.
struct Chunk {
  uint64_t size, previous_size;
  bool is_allocated;
  bool has_unused;  ///< how many bytes were not asked for stands in its last two
  bool is_own;      ///< the heap's: it leaves it out when it walks itself
};

class VariableWalk {
 public:
  VariableWalk(View& heap, AddressRange range) : heap_(heap), range_(range) {}

  void walk() {
    uint64_t begin = range_.begin.value;
    uint32_t size = heap_.target.u16(begin + 0x20), signature = heap_.target.u16(begin + 0x22);
    end_ = begin + kUnit * (size + uint64_t{3});
    constexpr uint32_t kMagic = 0x2bed, kBits = 0x7fff;
    if (((size ^ signature ^ kMagic) & kBits) != 0 || end_ > range_.end.value) {
      heap_.fault(begin + 0x20, fmt::format("size {:#x} and signature {:#x} of a subsegment do not "
                                            "belong together",
                                            size, signature));
      end_ = range_.end.value;
    }
    uint64_t previous = 0;
    bool knows_previous = false;
    for (uint64_t at = begin + kFirstChunk; at + kUnit <= end_;) {
      auto chunk = sound(at);
      if (!chunk) {
        at = recover(at);
        knows_previous = false;
        continue;
      }
      if (knows_previous && chunk->previous_size != previous) {
        heap_.fault(at, fmt::format("the chunk says that the one before it has {:#x} bytes, it has "
                                    "{:#x}",
                                    chunk->previous_size, previous));
      }
      add(at, *chunk);
      previous = chunk->size;
      knows_previous = true;
      at += chunk->size;
    }
  }

 private:
  std::optional<Chunk> sound(uint64_t at) {
    auto raw = heap_.target.read<uint64_t>(at);
    auto flags = heap_.target.read<uint32_t>(at + 8);
    if (!raw || !flags) return {};
    uint64_t bits = *raw ^ at ^ heap_.key;
    Chunk chunk{.size = (bits >> 16 & 0xffff) * kUnit,
                .previous_size = (bits >> 32 & 0xffff) * kUnit,
                .is_allocated = (bits >> 48 & 0xff) != 0,
                .has_unused = (*flags & 0x100) != 0,
                .is_own = (*flags & 0x200) != 0};
    if (chunk.size == 0 || chunk.size > end_ - at || bits >> 56 != 0 || (bits >> 48 & 0xff) > 1)
      return {};
    return chunk;
  }

  uint64_t recover(uint64_t at) {
    heap_.fault(at, "the header of a chunk, decoded, is none");
    for (at += kUnit; at + kUnit <= end_; at += kUnit) {
      auto chunk = sound(at);
      if (!chunk) continue;
      if (chunk->size == end_ - at) return at;
      auto next = sound(at + chunk->size);
      if (next && next->previous_size == chunk->size) return at;
    }
    return end_;
  }

  void add(uint64_t at, const Chunk& chunk) {
    uint64_t data = at + kUnit, end = at + chunk.size;
    if (!chunk.is_allocated) return heap_.collector.add(data, end - data, State::free, heap_.arena);
    if (heap_.aligns_pages && (at + 2 * kUnit) % kPage == 0) data += kUnit;
    if (chunk.is_own || data > end) {
      heap_.collector.allocator().books.push_back({{at}, {end}});
      return;
    }
    uint64_t unused = 0;
    if (chunk.has_unused) {
      uint16_t word = heap_.target.u16(end - 2);
      unused = word & 0x8000 ? 1 : word & 0x1fff;
    }
    if (unused > end - data) {
      heap_.fault(end - 2,
                  fmt::format("{:#x} unused bytes of a chunk of {:#x}", unused, chunk.size));
      unused = 0;
    }
    heap_.collector.add(data, end - data - unused, State::used, heap_.arena);
  }

  View& heap_;
  AddressRange range_;
  uint64_t end_ = 0;
};

}  // namespace

void walk_variable(View& heap, AddressRange range) { VariableWalk(heap, range).walk(); }

}  // namespace inquest::heap::segment
