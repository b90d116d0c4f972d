/// Memory of Windows processes with heaps in it: the NT heap of each version, Wine's heap, and
/// debug blocks of Microsoft's C runtime. The truth is what the calls returned.
///
/// Sources: the types in the public PDBs of ntdll (NT heap); the debug information of Wine 8.0's
/// ntdll.dll and Wine 9.0's dlls/ntdll/heap.c; the Universal CRT's debug_heap.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

namespace inquest::testkit {

/// A run of memory with little-endian numbers in it; pointers are of `word` bytes.
class HeapMemory {
 public:
  HeapMemory(uint64_t begin, size_t size, unsigned word)
      : begin_(begin), word_(word), bytes_(size) {}

  uint64_t begin() const { return begin_; }
  uint64_t end() const { return begin_ + bytes_.size(); }
  unsigned word() const { return word_; }
  const std::vector<std::byte>& bytes() const { return bytes_; }

  void number(uint64_t at, uint64_t value, unsigned size);
  void pointer(uint64_t at, uint64_t value) { number(at, value, word_); }
  uint64_t number_at(uint64_t at, unsigned size) const;
  void fill(uint64_t at, uint8_t value, size_t size);
  void text(uint64_t at, std::string_view value);  ///< with NUL
  /// A ring of LIST_ENTRYs: the head, then the entries in order.
  void ring(uint64_t head, const std::vector<uint64_t>& entries);
  /// A TEB at `teb` that leads to a PEB, 4 KiB behind, that names the heaps.
  void process_blocks(uint64_t teb, const std::vector<uint64_t>& heaps);

 private:
  uint64_t begin_;
  unsigned word_;
  std::vector<std::byte> bytes_;
};

/// Addresses of blocks to the bytes that they may use.
using BlockTruth = std::map<uint64_t, uint64_t>;

/// An NT heap of one segment, built from its begin to its end.
class NtHeapBuilder {
 public:
  enum Version { seven, eight, early_ten, ten };
  /// The heap begins at memory.begin(); the last 64 KiB of it are left for TEB, PEB, large blocks.
  NtHeapBuilder(HeapMemory& memory, Version version, uint64_t encoding, uint32_t lfh_key);

  uint64_t allocate(uint64_t size);  ///< address of a block in use that was asked for with `size`
  uint64_t release(uint64_t size);   ///< of a free block of `size` usable bytes
  void hole(uint64_t bytes);         ///< an uncommitted range
  uint64_t large(uint64_t size);     ///< of a block of its own
  /// A subsegment of `count` blocks of `units` headers each: the block i is in use with `sizes[i]`
  /// bytes, or free where that is 0.
  std::vector<uint64_t> subsegment(uint64_t units, const std::vector<uint64_t>& sizes);
  void finish();

  uint64_t heap() const { return memory_.begin(); }
  uint64_t header(uint64_t block) const { return block - unit_; }
  BlockTruth used, free;

 private:
  uint64_t entry(uint64_t size, uint8_t flags, uint8_t unused);
  void encode(uint64_t at, uint64_t units, uint8_t flags, uint64_t previous, uint8_t unused);
  uint64_t own(uint64_t size);
  void open_front_end();

  HeapMemory& memory_;
  Version version_;
  bool is64_;
  uint64_t unit_, encoding_;
  uint32_t lfh_key_;
  uint64_t next_, end_, large_at_;
  uint64_t previous_ = 0;  ///< units of the entry before
  uint64_t front_end_ = 0, zone_ = 0, zone_next_ = 0;
  std::vector<uint64_t> free_links_, hole_links_, large_links_;
};

/// A Wine heap of one subheap.
class WineHeapBuilder {
 public:
  /// The heap begins at memory.begin(); `has_groups`: as Wine 9 lays it out.
  WineHeapBuilder(HeapMemory& memory, bool has_groups);

  uint64_t allocate(uint64_t size);
  uint64_t release(uint64_t size);  ///< usable bytes, 8 less than a multiple of two pointers
  uint64_t large(uint64_t at, uint64_t size);
  /// A group of 31 blocks of `block_size` with header, each as NtHeapBuilder::subsegment's.
  std::vector<uint64_t> group(uint64_t block_size, const std::vector<uint64_t>& sizes);
  void finish();

  uint64_t heap() const { return memory_.begin(); }
  BlockTruth used, free;

 private:
  void header(uint64_t at, uint64_t units, uint8_t flags, uint32_t tail, uint32_t base, char type);
  uint64_t block(uint64_t size, uint8_t flags, bool is_free);

  HeapMemory& memory_;
  bool has_groups_;
  uint64_t unit_, subheap_, next_, free_before_ = 0;
  std::vector<uint64_t> free_links_, large_links_;
};

/// A segment heap, 64 bits, with one segment of 256 pages.
class SegmentHeapBuilder {
 public:
  /// The heap's head is at memory.begin() in its first 64 KiB; the segment is the first MiB of
  /// addresses that begins behind it.
  SegmentHeapBuilder(HeapMemory& memory, uint64_t key, uint32_t front_key);

  uint64_t pages(unsigned count, uint64_t size);  ///< a page range of its own
  void free_pages(unsigned count);
  /// A subsegment of chunks that were asked for with these sizes; 0 stands for a free one of 64.
  std::vector<uint64_t> variable(unsigned pages, const std::vector<uint64_t>& sizes);
  /// A subsegment of the front end's bucket, as NtHeapBuilder::subsegment's.
  std::vector<uint64_t> front(unsigned pages, unsigned bucket, const std::vector<uint64_t>& sizes);
  /// Where `at` is multiples of 64 KiB in the memory.
  void large(uint64_t at, uint64_t size);
  void finish();

  uint64_t segment() const { return segment_; }
  BlockTruth used, free;

 private:
  uint64_t range(unsigned pages, uint8_t flags, uint64_t unused);

  HeapMemory& memory_;
  uint64_t key_, segment_;
  uint32_t front_key_;
  unsigned next_page_ = 2;
  std::vector<uint64_t> large_;
};

/// Makes a debug block of what some heap gave: `room` is what it was asked for with, 52 (x86: 36)
/// more than `size` of the program. Returns the program's address.
struct DebugBlock {
  uint64_t at = 0;  ///< of the header
  uint64_t size = 0;
  uint64_t next = 0, previous = 0;  ///< headers
  uint64_t file = 0;
  uint32_t line = 0, use = 1, request = 0;
};
uint64_t debug_overhead(unsigned word);
uint64_t write_debug_block(HeapMemory& memory, const DebugBlock& block);

}  // namespace inquest::testkit
