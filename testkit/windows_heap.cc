#include "testkit/windows_heap.h"

#include <cstring>

namespace inquest::testkit {

void HeapMemory::number(uint64_t at, uint64_t value, unsigned size) {
  for (unsigned i = 0; i < size; ++i)
    bytes_.at(at - begin_ + i) = static_cast<std::byte>(value >> 8 * i);
}
uint64_t HeapMemory::number_at(uint64_t at, unsigned size) const {
  uint64_t value = 0;
  for (unsigned i = 0; i < size; ++i)
    value |= static_cast<uint64_t>(bytes_.at(at - begin_ + i)) << 8 * i;
  return value;
}
void HeapMemory::fill(uint64_t at, uint8_t value, size_t size) {
  for (size_t i = 0; i < size; ++i) number(at + i, value, 1);
}
void HeapMemory::text(uint64_t at, std::string_view value) {
  for (char c : value) number(at++, static_cast<uint8_t>(c), 1);
  number(at, 0, 1);
}
void HeapMemory::ring(uint64_t head, const std::vector<uint64_t>& entries) {
  uint64_t before = head;
  for (uint64_t entry : entries) {
    pointer(before, entry);
    pointer(entry + word_, before);
    before = entry;
  }
  pointer(before, head);
  pointer(head + word_, before);
}
void HeapMemory::process_blocks(uint64_t teb, const std::vector<uint64_t>& heaps) {
  const bool is64 = word_ == 8;
  uint64_t peb = teb + 0x1000, array = peb + 0x800;
  pointer(teb + (is64 ? 0x60 : 0x30), peb);
  pointer(peb + (is64 ? 0x30 : 0x18), heaps.at(0));
  number(peb + (is64 ? 0xe8 : 0x88), heaps.size(), 4);
  pointer(peb + (is64 ? 0xf0 : 0x90), array);
  for (size_t i = 0; i < heaps.size(); ++i) pointer(array + i * word_, heaps[i]);
}

// ---- NT heap -----------------------------------------------------------------------------------

namespace {

constexpr uint64_t kSide = 0x10000;  // of the memory's end, kept for other things

}  // namespace

NtHeapBuilder::NtHeapBuilder(HeapMemory& memory, Version version, uint64_t encoding,
                             uint32_t lfh_key)
    : memory_(memory),
      version_(version),
      is64_(memory.word() == 8),
      unit_(is64_ ? 16 : 8),
      // Bit 20 marks what is encoded; the last two bytes are never.
      encoding_((encoding & 0xffffffffffff) | 0x100000),
      lfh_key_(lfh_key),
      end_(memory.end() - kSide),
      large_at_(memory.end() - kSide / 2) {
  uint64_t heap = memory.begin();
  next_ = heap + 0x800;
  memory.number(heap + (is64_ ? 0x10 : 0x8), 0xffeeffee, 4);
  memory.pointer(heap + (is64_ ? 0x28 : 0x18), heap);
  memory.pointer(heap + (is64_ ? 0x30 : 0x1c), heap);
  memory.number(heap + (is64_ ? 0x38 : 0x20), (end_ - heap) / 4096, 4);
  memory.pointer(heap + (is64_ ? 0x40 : 0x24), next_);
  memory.pointer(heap + (is64_ ? 0x48 : 0x28), end_);
  memory.number(heap + (is64_ ? 0x7c : 0x4c), 0x100000, 4);
  memory.number(heap + (is64_ ? 0x88 : 0x50), encoding_, 8);
  uint64_t signature = version == seven ? (is64_ ? 0xa0 : 0x64) : (is64_ ? 0x98 : 0x60);
  memory.number(heap + signature, 0xeeffeeff, 4);
}

void NtHeapBuilder::encode(uint64_t at, uint64_t units, uint8_t flags, uint64_t previous,
                           uint8_t unused) {
  uint64_t sum = (units ^ units >> 8 ^ flags) & 0xff;
  uint64_t code = (units & 0xffff) | uint64_t{flags} << 16 | sum << 24 | (previous & 0xffff) << 32 |
                  uint64_t{unused} << 56;
  memory_.number(at + (is64_ ? 8 : 0), code ^ encoding_, 8);
}

uint64_t NtHeapBuilder::entry(uint64_t size, uint8_t flags, uint8_t unused) {
  uint64_t at = next_, units = size / unit_;
  encode(at, units, flags, previous_, unused);
  previous_ = units;
  next_ += size;
  return at + unit_;
}

uint64_t NtHeapBuilder::allocate(uint64_t size) {
  // With 64 bits the header behind lends its first word.
  uint64_t needed = size + (is64_ ? 8 : 8), bytes = (needed + unit_ - 1) / unit_ * unit_;
  if (bytes < 2 * unit_) bytes = 2 * unit_;
  uint64_t unused = bytes - size, end = next_ + bytes;
  uint64_t block = entry(bytes, 1, static_cast<uint8_t>(unused < 0x3f ? unused : 0x3f));
  if (unused >= 0x3f) memory_.number(is64_ ? end : end - 4, unused, is64_ ? 8 : 4);
  used[block] = size;
  return block;
}

uint64_t NtHeapBuilder::own(uint64_t size) {
  uint64_t block = allocate(size);
  used.erase(block);
  return block;
}

uint64_t NtHeapBuilder::release(uint64_t size) {
  uint64_t block = entry(size + unit_, 0, 0);
  free_links_.push_back(block);
  free[block] = size;
  return block;
}

void NtHeapBuilder::hole(uint64_t bytes) {
  // The descriptor stands in a block of the heap's own; here, beside it.
  uint64_t descriptor = memory_.begin() + 0x600 + hole_links_.size() * 0x40;
  memory_.pointer(descriptor + 4 * memory_.word(), next_);
  memory_.pointer(descriptor + 5 * memory_.word(), bytes);
  hole_links_.push_back(descriptor + 2 * memory_.word());
  memory_.fill(next_, 0x5a, bytes);
  next_ += bytes;
}

uint64_t NtHeapBuilder::large(uint64_t size) {
  uint64_t at = large_at_, header = at + (is64_ ? 0x30 : 0x18), block = header + unit_;
  uint64_t committed = (block - at + size + 0xfff) / 0x1000 * 0x1000;
  large_at_ += committed;
  memory_.pointer(at + (is64_ ? 0x20 : 0x10), committed);
  memory_.pointer(at + (is64_ ? 0x28 : 0x14), committed);
  encode(header, committed - size, 3, 0, 4);
  large_links_.push_back(at);
  used[block] = size;
  return block;
}

void NtHeapBuilder::open_front_end() {
  front_end_ = own(0x400);
  zone_ = own(0x800);
  zone_next_ = zone_ + 0x40;
  uint64_t heap = memory_.begin();
  struct {
    uint64_t front_end, type, ring, back;
  } const offsets = version_ == seven       ? decltype(offsets){0x178, 0x182, 0x28, 0x40}
                    : version_ == eight     ? decltype(offsets){0x170, 0x17a, 0x28, 0x38}
                    : version_ == early_ten ? decltype(offsets){0x178, 0x182, 0x8, 0x18}
                                            : decltype(offsets){0x198, 0x1a2, 0x8, 0x18},
          narrow = version_ == seven       ? decltype(offsets){0xd4, 0xda, 0x18, 0x24}
                   : version_ == eight     ? decltype(offsets){0xd0, 0xd6, 0x18, 0x20}
                   : version_ == early_ten ? decltype(offsets){0xd4, 0xda, 0x4, 0xc}
                                           : decltype(offsets){0xe4, 0xea, 0x4, 0xc};
  const auto& chosen = is64_ ? offsets : narrow;
  memory_.pointer(heap + chosen.front_end, front_end_);
  memory_.number(heap + chosen.type, 2, 1);
  memory_.pointer(front_end_ + chosen.back, heap);
  memory_.ring(front_end_ + chosen.ring, {zone_});
}

std::vector<uint64_t> NtHeapBuilder::subsegment(uint64_t units,
                                                const std::vector<uint64_t>& sizes) {
  if (front_end_ == 0) open_front_end();
  const bool old = version_ == seven;
  uint64_t stride = units * unit_, count = sizes.size();
  uint64_t header = old ? (is64_ ? 0x20 : 0x10) : (is64_ ? 0x30 : 0x1c);
  uint64_t bitmap = is64_ ? (count + 63) / 64 * 8 : (count + 31) / 32 * 4;
  uint64_t first = old ? header : (header + bitmap + unit_ - 1) / unit_ * unit_;
  uint64_t blocks = own(first + stride * count + 32), sub = zone_next_;
  zone_next_ += 0x40;
  // The subsegment.
  memory_.pointer(sub + memory_.word(), blocks);
  uint64_t size_at = sub + (old ? (is64_ ? 0x18 : 0x10) : (is64_ ? 0x24 : 0x14));
  memory_.number(size_at, units, 2);
  memory_.number(size_at + 4, count, 2);
  // The user blocks' header.
  memory_.pointer(blocks, sub);
  memory_.number(blocks + (old ? (is64_ ? 0x18 : 0xc) : (is64_ ? 0x14 : 0xc)), 0xf0e0d0c0, 4);
  if (!old) {
    uint32_t offsets = static_cast<uint32_t>(stride << 16 | first);
    if (version_ != eight) {
      offsets ^= static_cast<uint32_t>(blocks) ^ static_cast<uint32_t>(front_end_) ^ lfh_key_;
    }
    memory_.number(blocks + (is64_ ? 0x18 : 0x10), offsets, 4);
    memory_.number(blocks + (is64_ ? 0x20 : 0x14), count, 4);
    memory_.pointer(blocks + (is64_ ? 0x28 : 0x18), blocks + header);
  }
  std::vector<uint64_t> result;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t at = blocks + first + i * stride;
    uint32_t code = static_cast<uint32_t>(at >> (is64_ ? 4 : 3)) ^ lfh_key_ ^
                    static_cast<uint32_t>(memory_.begin());
    code ^= old ? static_cast<uint32_t>(sub)
                : static_cast<uint32_t>((at - blocks) << (is64_ ? 12 : 13));
    uint64_t unused = sizes[i] == 0 ? 0 : stride - sizes[i];
    memory_.number(at + (is64_ ? 8 : 0), code, 4);
    memory_.number(at + (is64_ ? 15 : 7), 0x80 | (unused < 0x3f ? unused : 0x3f), 1);
    uint64_t end = at + stride;
    if (unused >= 0x3f) memory_.number(is64_ ? end : end - 4, unused, is64_ ? 8 : 4);
    if (!old && sizes[i] != 0) {
      uint64_t byte = blocks + header + i / 8;
      memory_.number(byte, memory_.number_at(byte, 1) | 1u << i % 8, 1);
    }
    (sizes[i] == 0 ? free : used)[at + unit_] = sizes[i] == 0 ? stride - unit_ : sizes[i];
    result.push_back(at + unit_);
  }
  return result;
}

void NtHeapBuilder::finish() {
  uint64_t heap = memory_.begin();
  if (next_ < end_) {
    // What is left is free, in entries that 16 bits can size.
    while (next_ < end_) {
      uint64_t left = end_ - next_, most = 0xff00 * unit_;
      release((left < most ? left : most) - unit_);
    }
  }
  const bool old = version_ == seven;
  memory_.ring(heap + (is64_ ? 0x60 : 0x38), hole_links_);
  memory_.ring(heap + (old ? (is64_ ? 0x158 : 0xc4) : (is64_ ? 0x150 : 0xc0)), free_links_);
  memory_.ring(heap + (old ? (is64_ ? 0x118 : 0xa0) : (is64_ ? 0x110 : 0x9c)), large_links_);
  memory_.ring(heap + (old ? (is64_ ? 0x128 : 0xa8) : (is64_ ? 0x120 : 0xa4)),
               {heap + (is64_ ? 0x18 : 0x10)});
}

// ---- Wine's heap -------------------------------------------------------------------------------

WineHeapBuilder::WineHeapBuilder(HeapMemory& memory, bool has_groups)
    : memory_(memory), has_groups_(has_groups), unit_(2 * memory.word()) {
  uint64_t heap = memory.begin();
  const bool is64 = memory.word() == 8;
  memory.number(heap + (is64 ? 0x10 : 8), 0xffeeffee, 4);
  uint64_t entry = (is64 ? 0x78 : 0x48) + (has_groups ? memory.word() : 0);
  memory.ring(heap + entry, {});
  memory.number(heap + entry + 8 * memory.word(), 0x50414548, 4);
  // Where it stands in `struct heap` depends on the number of free lists; the ring tells.
  subheap_ = heap + 0x900;
  next_ = subheap_ + 8 * memory.word() - 8;
  memory.pointer(subheap_ + (is64 ? 48 : 20), heap);
}

void WineHeapBuilder::header(uint64_t at, uint64_t units, uint8_t flags, uint32_t tail,
                             uint32_t base, char type) {
  memory_.number(at, units & 0xffff, 2);
  if (has_groups_) {
    memory_.number(at + 2, tail, 2);
    memory_.number(at + 6, static_cast<uint8_t>(type == 'U' ? 'u' : type), 1);
    memory_.number(at + 7, flags, 1);
  } else {
    memory_.number(at + 2, flags, 1);
    memory_.number(at + 3, tail, 1);
    memory_.number(at + 6, type == 'U' ? 0x5355 : 0x5246, 2);
  }
  memory_.number(at + 4, base, 2);
}

uint64_t WineHeapBuilder::block(uint64_t size, uint8_t flags, bool is_free) {
  uint64_t at = next_, bytes = (size + 8 + unit_ - 1) / unit_ * unit_;
  uint32_t base = static_cast<uint32_t>((at / 0x10000 * 0x10000 - memory_.begin()) / 0x10000);
  if (free_before_ != 0) {
    flags |= 2;
    memory_.pointer(at - memory_.word(), free_before_);
  }
  header(at, bytes / unit_, flags,
         is_free ? static_cast<uint32_t>(bytes / unit_ >> 16)
                 : static_cast<uint32_t>(bytes - 8 - size),
         base, is_free ? 'F' : 'U');
  free_before_ = is_free ? at : 0;
  next_ += bytes;
  return at + 8;
}

uint64_t WineHeapBuilder::allocate(uint64_t size) {
  uint64_t at = block(size, 0, false);
  used[at] = size;
  return at;
}
uint64_t WineHeapBuilder::release(uint64_t size) {
  uint64_t at = block(size, 1, true);
  free_links_.push_back(at);
  free[at] = size;
  return at;
}
uint64_t WineHeapBuilder::large(uint64_t at, uint64_t size) {
  const bool is64 = memory_.word() == 8;
  memory_.pointer(at + (is64 ? 32 : 12), size);
  memory_.pointer(at + (is64 ? 40 : 16), (size + 0x1fff) / 0x1000 * 0x1000);
  header(at + (is64 ? 56 : 24), 0, 4, 0, 0, 'L');
  large_links_.push_back(at + (is64 ? 16 : 4));
  used[at + (is64 ? 64 : 32)] = size;
  return at + (is64 ? 64 : 32);
}

std::vector<uint64_t> WineHeapBuilder::group(uint64_t block_size,
                                             const std::vector<uint64_t>& sizes) {
  constexpr unsigned kBlocks = 31;
  uint64_t head = memory_.word() == 8 ? 24 : 12;
  uint64_t at = block(head + kBlocks * block_size, 0x80, false), first = at + head;
  uint32_t free_bits = 0;
  std::vector<uint64_t> result;
  for (unsigned i = 0; i < kBlocks; ++i) {
    bool is_free = sizes.at(i) == 0;
    uint64_t one = first + i * block_size;
    header(one, block_size / unit_, is_free ? 0x81 : 0x80,
           is_free ? 0 : static_cast<uint32_t>(block_size - 8 - sizes[i]), i, is_free ? 'F' : 'U');
    if (is_free) free_bits |= 1u << i;
    (is_free ? free : used)[one + 8] = is_free ? block_size - 8 : sizes[i];
    result.push_back(one + 8);
  }
  memory_.number(first - 8, free_bits, 4);
  return result;
}

void WineHeapBuilder::finish() {
  const unsigned word = memory_.word();
  uint64_t heap = memory_.begin(), entry = (word == 8 ? 0x78 : 0x48) + (has_groups_ ? word : 0);
  uint64_t block_size = subheap_ + (word == 8 ? 16 : 4), first = subheap_ + 8 * word - 8;
  // The region goes on to the next 64 KiB; all of it up to here is committed.
  uint64_t end = next_ + 8;
  memory_.pointer(block_size, end - first);
  memory_.pointer(block_size + word, end - first - 8);
  memory_.ring(heap + entry + 2 * word, {block_size + 2 * word});
  memory_.ring(heap + entry + 4 * word, large_links_);
  memory_.ring(heap + 0x400, free_links_);
}

// ---- Segment heap ------------------------------------------------------------------------------

SegmentHeapBuilder::SegmentHeapBuilder(HeapMemory& memory, uint64_t key, uint32_t front_key)
    : memory_(memory), key_(key), front_key_(front_key) {
  uint64_t heap = memory.begin();
  segment_ = (heap + 0x10000 + 0xfffff) / 0x100000 * 0x100000;
  memory.number(heap + 0x10, 0xddeeddee, 4);
  for (unsigned i = 0; i < 2; ++i) {
    uint64_t context = heap + 0x100 + i * 0xc0;
    memory.number(context, i == 0 ? ~uint64_t{0xfffff} : ~uint64_t{0xffffff}, 8);
    memory.number(context + 0x8, i == 0 ? 12 : 16, 1);
    memory.number(context + 0xa, 2, 1);
    memory.number(context + 0x20, heap + 0x280, 8);
    memory.number(context + 0x38, heap, 8);
    memory.ring(context + 0x48, {});
  }
  memory.ring(heap + 0x148, {segment_});
  memory.number(segment_ + 0x10, segment_ ^ (heap + 0x100) ^ key ^ 0xa2e64eada2e64ead, 8);
}

uint64_t SegmentHeapBuilder::range(unsigned pages, uint8_t flags, uint64_t unused) {
  uint64_t descriptor = segment_ + next_page_ * 32, at = segment_ + next_page_ * 0x1000;
  memory_.number(descriptor, 0xccddccdd, 4);
  memory_.number(descriptor + 4, unused, 4);
  memory_.number(descriptor + 0x18, flags, 1);
  memory_.number(descriptor + 0x1f, pages, 1);
  next_page_ += pages;
  return at;
}

uint64_t SegmentHeapBuilder::pages(unsigned count, uint64_t size) {
  uint64_t at = range(count, 3, count * 0x1000 - size);
  used[at] = size;
  return at;
}
void SegmentHeapBuilder::free_pages(unsigned count) {
  uint64_t at = range(count, 2, 0);
  free[at] = count * 0x1000;
}

std::vector<uint64_t> SegmentHeapBuilder::variable(unsigned pages,
                                                   const std::vector<uint64_t>& sizes) {
  uint64_t begin = range(pages, 0xf, 0), units = pages * 0x100 - 3, at = begin + 0x30;
  memory_.number(begin + 0x20, units, 2);
  memory_.number(begin + 0x22, units ^ 0x2bed, 2);
  std::vector<uint64_t> result;
  uint64_t previous = 0;
  auto chunk = [&](uint64_t count, bool is_used, bool has_unused) {
    uint64_t bits = count << 16 | previous << 32 | uint64_t{is_used} << 48;
    memory_.number(at, bits ^ at ^ key_, 8);
    memory_.number(at + 8, has_unused ? 0x100 : 0, 4);
    previous = count;
    at += count * 16;
  };
  for (uint64_t size : sizes) {
    uint64_t data = at + 16, bytes = size == 0 ? 64 : size, count = (bytes + 16 + 15) / 16;
    uint64_t unused = count * 16 - 16 - bytes;
    (size == 0 ? free : used)[data] = bytes;
    result.push_back(data);
    chunk(count, size != 0, unused != 0);
    if (unused != 0) memory_.number(at - 2, unused == 1 ? 0x8000 : unused, 2);
  }
  uint64_t left = (begin + 16 * (units + 3) - at) / 16;
  if (left != 0) {
    free[at + 16] = left * 16 - 16;
    chunk(left, false, false);
  }
  return result;
}

std::vector<uint64_t> SegmentHeapBuilder::front(unsigned pages, unsigned bucket,
                                                const std::vector<uint64_t>& sizes) {
  uint64_t begin = range(pages, 0xb, 0), owner = memory_.begin() + 0x1000 + bucket * 0x40;
  uint64_t count = sizes.size(), size = bucket * 16;  // of the first 64 buckets
  uint64_t first = (0x30 + (count * 2 + 63) / 64 * 8 + 15) / 16 * 16;
  memory_.number(owner + 1, bucket, 1);
  memory_.number(begin + 0x10, owner, 8);
  memory_.number(begin + 0x22, count, 2);
  uint32_t offsets = static_cast<uint32_t>(first << 16 | size);
  memory_.number(begin + 0x28, offsets ^ front_key_ ^ static_cast<uint32_t>(begin >> 12), 4);
  std::vector<uint64_t> result;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t at = begin + first + i * size, unused = size - sizes[i], bits = 0;
    if (sizes[i] != 0) bits = unused != 0 ? 3 : 1;
    if (bits == 3) memory_.number(at + size - 2, unused == 1 ? 0x8000 : unused, 2);
    uint64_t byte = begin + 0x30 + i / 4;
    memory_.number(byte, memory_.number_at(byte, 1) | bits << i % 4 * 2, 1);
    (sizes[i] == 0 ? free : used)[at] = sizes[i] == 0 ? size : sizes[i];
    result.push_back(at);
  }
  return result;
}

void SegmentHeapBuilder::large(uint64_t at, uint64_t size) {
  uint64_t pages = (size + 0xfff) / 0x1000, node = memory_.begin() + 0x4000 + large_.size() * 0x40;
  memory_.number(node + 0x18, at | (pages * 0x1000 - size), 8);
  memory_.number(node + 0x20, pages << 12, 8);
  // A tree that leans to the right.
  memory_.number(large_.empty() ? memory_.begin() + 0x48 : large_.back() + 8, node, 8);
  large_.push_back(node);
  used[at] = size;
}

void SegmentHeapBuilder::finish() {
  if (next_page_ < 256) free_pages(256 - next_page_);
}

// ---- Debug heap --------------------------------------------------------------------------------

uint64_t debug_overhead(unsigned word) { return word == 8 ? 0x34 : 0x24; }

uint64_t write_debug_block(HeapMemory& memory, const DebugBlock& block) {
  const bool is64 = memory.word() == 8;
  uint64_t at = block.at, data = at + (is64 ? 0x30 : 0x20);
  memory.pointer(at, block.next);
  memory.pointer(at + memory.word(), block.previous);
  memory.pointer(at + 2 * memory.word(), block.file);
  memory.number(at + 3 * memory.word(), block.line, 4);
  memory.pointer(at + (is64 ? 0x20 : 0x10), block.size);
  memory.number(at + (is64 ? 0x1c : 0x14), block.use, 4);
  memory.number(at + (is64 ? 0x28 : 0x18), block.request, 4);
  memory.fill(data - 4, 0xfd, 4);
  memory.fill(data, block.use == 0 ? 0xdd : 0xcd, block.size);
  memory.fill(data + block.size, 0xfd, 4);
  return data;
}

}  // namespace inquest::testkit
