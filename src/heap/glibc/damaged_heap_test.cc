/// A glibc heap in which one word is wrong: what is found, what is named, and what holds whatever
/// the word.
#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "heap/glibc/layout.h"
#include "heap/glibc/patient_image.h"
#include "heap/statistics.h"

namespace inquest::heap::glibc {
namespace {

using ::testing::IsEmpty;

class DamagedHeap : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<testkit::TemporaryFolder>();
    ASSERT_EQ(testkit::compile_program(*folder_ / "patient", testkit::heap_patient_source(),
                                       testkit::kHeapPatient),
              "");
    image_ = PatientImage::take(*folder_, *folder_ / "patient",
                                "GLIBC_TUNABLES=glibc.malloc.mmap_threshold=150000", 5, 700, 2);
    if (image_) whole_ = find_heaps({.process = image_->process});
  }
  static void TearDownTestSuite() {
    image_.reset();
    folder_.reset();
  }
  void SetUp() override {
    ASSERT_TRUE(image_);
    ASSERT_GT(whole_.blocks.size(), 500u);
    ASSERT_THAT(whole_.faults, IsEmpty());
  }

  /// What is found with a word overwritten; the word is put back.
  Heaps with(uint64_t at, uint64_t value) {
    std::byte* place = image_->at(at);
    if (!place) return whole_;
    uint64_t old;
    std::memcpy(&old, place, 8);
    std::memcpy(place, &value, 8);
    Heaps heaps = find_heaps({.process = image_->process});
    std::memcpy(place, &old, 8);
    SCOPED_TRACE(fmt::format("{:#x}: {:#x} -> {:#x}", at, old, value));
    expect_blocks_in_segments(heaps);
    expect_sums(heaps);
    expect_faults_in_order(heaps);
    expect_all_before(heaps, at);
    // Nothing is different without a word about it; but a list that has no head is an empty one.
    if (heaps.faults.empty()) {
      EXPECT_TRUE(has_same_blocks(heaps, value == 0));
    }
    return heaps;
  }

  /// Ascending, disjoint, each where its arena has memory or where the process has some.
  static void expect_blocks_in_segments(const Heaps& heaps) {
    for (const Arena& arena : heaps.arenas) {
      Address end{0};
      for (const AddressRange& segment : arena.segments) {
        EXPECT_GE(segment.begin, end);
        EXPECT_LT(segment.begin, segment.end);
        end = segment.end;
      }
    }
    uint64_t end = 0;
    size_t outside = 0;
    for (const Block& block : heaps.blocks) {
      ASSERT_GE(block.begin, end);
      ASSERT_LT(block.arena, heaps.arenas.size());
      end = block.begin + block.size;
      outside += !(block.mapped ? in_memory(block) : in_arena(heaps, block));
    }
    EXPECT_EQ(outside, 0u);
  }
  static bool in_arena(const Heaps& heaps, const Block& block) {
    return std::ranges::any_of(heaps.arenas[block.arena].segments, [&](const AddressRange& one) {
      return one.begin.value < block.begin && block.begin + block.size <= one.end.value + 8;
    });
  }
  static bool in_memory(const Block& block) {
    return std::ranges::any_of(image_->process.regions, [&](const snapshot::Region& one) {
      return one.range.begin.value < block.begin && block.begin + block.size <= one.range.end.value;
    });
  }

  /// What is told as a sum is the sum of what is listed, and fits into what the arenas have.
  static void expect_sums(const Heaps& heaps) {
    Usage all;
    std::vector<uint64_t> of_arena(heaps.arenas.size());
    for (const Block& block : heaps.blocks) {
      all[block.state()].add(block.size);
      if (!block.mapped) of_arena[block.arena] += block.size;
    }
    const Statistics sums = sum_up(heaps);
    for (State state : {State::used, State::cached, State::free, State::unused}) {
      EXPECT_EQ(sums.all[state].count, all[state].count) << name(state);
      EXPECT_EQ(sums.all[state].bytes, all[state].bytes) << name(state);
    }
    for (size_t i = 0; i < heaps.arenas.size(); ++i) {
      uint64_t bytes = 0;
      for (const AddressRange& one : heaps.arenas[i].segments) bytes += one.end - one.begin;
      EXPECT_LE(of_arena[i], bytes) << heaps.arenas[i].name;
    }
  }

  static void expect_faults_in_order(const Heaps& heaps) {
    Address last{0};
    for (const Fault& fault : heaps.faults) {
      EXPECT_GE(fault.at, last);
      last = fault.at;
      EXPECT_NE(fault.what, "");
      EXPECT_LT(fault.arena, heaps.arenas.size());
      if (fault.before && fault.after) {
        EXPECT_LT(*fault.before, *fault.after);
      }
    }
  }

  /// What lies before the word and before the first fault is as it was: each block with its size,
  /// in use or not. (Only a list tells what is cached: behind a broken link it is lost that they
  /// are.)
  static void expect_all_before(const Heaps& heaps, uint64_t at) {
    const uint64_t limit = heaps.faults.empty() ? at : std::min(at, heaps.faults[0].at.value);
    size_t gone = 0;
    auto now = heaps.blocks.begin();
    for (const Block& block : whole_.blocks) {
      // Whether a block is in use is told by the field right behind it.
      if (block.begin + block.size >= limit) break;
      while (now != heaps.blocks.end() && now->begin < block.begin) ++now;
      gone += now == heaps.blocks.end() || now->begin != block.begin || now->size != block.size ||
              (block.state() != State::cached &&
               (now->state() == State::used) != (block.state() == State::used));
    }
    EXPECT_EQ(gone, 0u) << "before " << std::hex << limit;
  }
  static bool has_same_blocks(const Heaps& heaps, bool but_cached) {
    return std::ranges::equal(
        heaps.blocks, whole_.blocks, [&](const Block& now, const Block& before) {
          const bool forgotten = but_cached && before.state() == State::cached;
          return now.begin == before.begin && now.size == before.size &&
                 (now.state() == before.state() || (forgotten && now.state() == State::used));
        });
  }
  /// How many may be lost when the field of a size is wrong: those that it swallows, and a few
  /// until the chain is found again.
  static size_t most_lost(uint64_t field, uint64_t size) {
    constexpr size_t kFew = 16;
    const uint64_t claimed = std::min<uint64_t>(size & ~uint64_t{7}, 1 << 20);
    return kFew + static_cast<size_t>(std::ranges::count_if(whole_.blocks, [&](const Block& one) {
             return one.begin > field && one.begin <= field + claimed;
           }));
  }
  /// Whether the heap as a whole can only be right when this word of its books is: the ends of
  /// lists (an empty fast bin is as good as any), `top`, `next`, the bytes an arena and a heap
  /// have.
  static bool is_checked(const AddressRange& book, uint64_t at, uint64_t value) {
    const Layout layout;
    const bool of_heap = book.begin.value % layout.heap_max() == 0;
    if (const Block* cache = whole_.block_at(book.begin)) {
      for (const CacheLayout& one : kCacheLayouts) {
        if (one.chunk(8) == cache->size + 8) return at < cache->begin + one.bytes(8);
      }
    }
    for (const Arena& arena : whole_.arenas) {
      if (!book.contains(arena.at)) continue;
      if (at < arena.at.value) break;
      const uint64_t top = arena.at.value + layout.top, field = at - top;
      const bool bin = at >= top + 16 && at < top + 16 + layout.bin(kBins - 1);
      const bool fast = at >= arena.at.value + layout.fast() && at < top && value != 0;
      return at == top || bin || fast || field == layout.next() ||
             (!of_heap && field == layout.system_bytes());
    }
    return of_heap && (at == book.begin.value || at == book.begin.value + 16);
  }
  static bool in_books(uint64_t at) {
    return std::ranges::any_of(whole_.allocators[0].books,
                               [&](const AddressRange& book) { return book.contains({at}); });
  }
  uint64_t word(uint64_t at) {
    uint64_t value = 0;
    if (const std::byte* place = image_->at(at)) std::memcpy(&value, place, 8);
    return value;
  }
  /// Blocks in use of the whole heap that are not there any more as such.
  static size_t lost(const Heaps& heaps) {
    size_t count = 0;
    auto now = heaps.blocks.begin();
    for (const Block& block : whole_.blocks) {
      if (block.state() != State::used) continue;
      while (now != heaps.blocks.end() && now->begin < block.begin) ++now;
      count +=
          now == heaps.blocks.end() || now->begin != block.begin || now->state() != State::used;
    }
    return count;
  }
  /// Some blocks of a state, spread over the heap.
  static std::vector<Block> some(State state, bool mapped, size_t count) {
    std::vector<Block> all, chosen;
    for (const Block& block : whole_.blocks) {
      if (block.state() == state && (block.mapped != 0) == mapped) all.push_back(block);
    }
    for (size_t i = 0; i < count && i < all.size(); ++i)
      chosen.push_back(all[i * all.size() / std::min(count, all.size())]);
    return chosen;
  }

  static inline std::unique_ptr<testkit::TemporaryFolder> folder_;
  static inline std::unique_ptr<PatientImage> image_;
  static inline Heaps whole_;
};

TEST_F(DamagedHeap, SizesOfAnyKindOfChunk) {
  size_t cases = 0, named = 0;
  for (State state : {State::used, State::cached, State::free}) {
    for (const Block& block : some(state, false, 12)) {
      uint64_t field = block.begin - 8, size = word(field);
      for (uint64_t value :
           {uint64_t{0}, uint64_t{0x4141414141414141}, ~uint64_t{0}, size + 0x10, size + 0x1000,
            size & 7, size | 8, size | 2, size >> 1 & ~uint64_t{7}}) {
        if (value == size) continue;
        Heaps heaps = with(field, value);
        ++cases;
        EXPECT_FALSE(heaps.faults.empty())
            << std::hex << field << ": " << size << " -> " << value << " " << name(state);
        if (heaps.faults.empty()) continue;
        // Named where it is, with its neighbours, and little lost around it.
        const Fault& fault = heaps.faults.front();
        EXPECT_TRUE(fault.before || fault.after);
        size_t missing = lost(heaps);
        EXPECT_LE(missing, 16u) << std::hex << field << ": " << size << " -> " << value << " "
                                << name(state) << " " << fault.what;
        named += std::any_of(heaps.faults.begin(), heaps.faults.end(), [&](const Fault& f) {
          return f.at.value >= field && f.at.value <= field + (size & ~uint64_t{7});
        });
      }
    }
  }
  EXPECT_GT(cases, 100u);
  // A size that leads to the remains of an older chunk, which lead on, shows only in the lists.
  EXPECT_GE(named, cases * 95 / 100) << cases;
}

TEST_F(DamagedHeap, LinksOfFreeChunks) {
  for (const Block& block : some(State::free, false, 12)) {
    const uint64_t begin = block.begin, behind = begin + block.size;
    for (uint64_t field : {begin, begin + 8, behind}) {  // fd, bk, the size behind
      for (uint64_t value : {uint64_t{0}, uint64_t{0x4141414141414141}, word(field) + 16,
                             whole_.blocks[3].begin - 16}) {
        Heaps heaps = with(field, value);
        EXPECT_FALSE(heaps.faults.empty()) << std::hex << field << " " << value;
        EXPECT_LE(lost(heaps), 1u) << std::hex << field << " " << value;
      }
    }
  }
}

TEST_F(DamagedHeap, LinksOfCachedBlocks) {
  for (const Block& block : some(State::cached, false, 20)) {
    Heaps heaps = with(block.begin, 0x4141414141414141);
    EXPECT_FALSE(heaps.faults.empty()) << std::hex << block.begin;
    EXPECT_EQ(lost(heaps), 0u);
  }
}

TEST_F(DamagedHeap, KeysOfCachedBlocks) {
  size_t named = 0;
  for (const Block& block : some(State::cached, false, 20)) {  // in fast bins too, without keys
    Heaps heaps = with(block.begin + 8, 0x4141414141414141);
    named += std::ranges::any_of(heaps.faults,
                                 [&](const Fault& f) { return f.at.value == block.begin + 8; });
    EXPECT_EQ(lost(heaps), 0u);
  }
  EXPECT_GE(named, 5u);
}

/// Every word of malloc_state and of the heaps' heads. (`./dev bench damage` overwrites each field
/// with 17 values.)
TEST_F(DamagedHeap, ArenasAndHeaps) {
  size_t checked = 0;
  for (const AddressRange& book : whole_.allocators[0].books) {
    for (uint64_t at = book.begin.value; at + 8 <= book.end.value && at < book.begin.value + 0x900;
         at += 8) {
      const uint64_t value = std::array{uint64_t{0}, uint64_t{0x4141414141414141}, at}[at / 8 % 3];
      if (word(at) == value) continue;
      Heaps heaps = with(at, value);
      EXPECT_EQ(lost(heaps), 0u) << std::hex << at << " in the book at " << book.begin.value;
      if (!is_checked(book, at, value)) continue;
      ++checked;
      EXPECT_FALSE(heaps.faults.empty())
          << std::hex << at << " -> " << value << " in the book at " << book.begin.value;
    }
  }
  EXPECT_GT(checked, 500u);
}

TEST_F(DamagedHeap, PointersOfHeapsToTheirArena) {
  size_t heaps_damaged = 0;
  for (const AddressRange& book : whole_.allocators[0].books) {
    if (book.begin.value % (64 << 20) != 0) continue;
    ++heaps_damaged;
    for (uint64_t value : {uint64_t{0}, uint64_t{0x4141414141414141}, book.begin.value}) {
      Heaps heaps = with(book.begin.value, value);
      EXPECT_EQ(lost(heaps), 0u) << std::hex << book.begin.value;
      EXPECT_TRUE(std::ranges::any_of(heaps.faults,
                                      [&](const Fault& fault) { return fault.at == book.begin; }))
          << std::hex << book.begin.value;
    }
  }
  EXPECT_GT(heaps_damaged, 0u);
}

/// The kernel makes one mapping of a module's .bss and of a block's mapping right behind it.
TEST_F(DamagedHeap, FindsMappingsRightBehindAModule) {
  std::vector<Block> mapped = some(State::used, true, 1);
  ASSERT_FALSE(mapped.empty());
  snapshot::Snapshot process = image_->process;
  for (snapshot::Region& region : process.regions) {
    if (!region.range.contains(mapped[0].address())) continue;
    const Address end = region.range.begin;
    region.range.begin = end - 8192;
    process.modules.push_back({.path = "/lib/before.so", .range = {end - 12288, end - 1000}});
  }
  std::ranges::sort(process.modules, {},
                    [](const snapshot::Module& module) { return module.range.begin.value; });
  Heaps heaps = find_heaps({.process = process});
  EXPECT_EQ(lost(heaps), 0u);
}

/// A program header that says a terabyte: walked page by page, it would take for ever.
TEST_F(DamagedHeap, LeapsOverWhatTheDumpDoesNotHold) {
  snapshot::Snapshot process = image_->process;
  constexpr uint64_t kBegin = 0x100000000000, kTerabyte = uint64_t{1} << 40;
  for (uint64_t i = 0; i < 64; ++i) {
    snapshot::Region region{
        .range = {{kBegin + 2 * i * kTerabyte / 4}, {kBegin + (2 * i + 1) * kTerabyte / 4}}};
    region.access = snapshot::Access{.read = true, .write = true};
    process.regions.push_back(std::move(region));
  }
  std::ranges::sort(process.regions, {},
                    [](const snapshot::Region& region) { return region.range.begin.value; });
  EXPECT_EQ(lost(find_heaps({.process = process})), 0u);
}

TEST_F(DamagedHeap, AnywhereAtRandom) {
  uint64_t state = 0x2545f4914f6cdd1d;
  auto next = [&] {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state >> 3;
  };
  size_t sizes = 0, inside = 0;
  for (int i = 0; i < 600; ++i) {
    const Block& block = whole_.blocks[next() % whole_.blocks.size()];
    uint64_t field = block.begin - 16 + next() % 6 * 8, value = next();
    switch (next() % 4) {
      case 0:
        value = word(field) ^ uint64_t { 1 } << next() % 64;
        break;
      case 1:
        value = whole_.blocks[next() % whole_.blocks.size()].begin - next() % 2 * 16;
        break;
      case 2:
        value = (next() % 4096) << 4 | next() % 8;
        break;
      default:
        break;
    }
    Heaps heaps = with(field, value);
    const bool is_size = field == block.begin - 8;
    EXPECT_LE(lost(heaps), is_size ? most_lost(field, value) : 0u)
        << std::hex << field << " -> " << value;
    if (is_size && !block.mapped && ((value ^ word(field)) & ~uint64_t{7}) != 0) {
      ++sizes;
      EXPECT_FALSE(heaps.faults.empty()) << std::hex << field << " -> " << value;
    }
    // What a program writes into a block that it holds is its own affair.
    if (field >= block.begin && field + 8 <= block.begin + block.size && !in_books(field) &&
        block.state() == State::used) {
      ++inside;
      EXPECT_TRUE(heaps.faults.empty()) << std::hex << field << " -> " << value;
    }
  }
  EXPECT_GT(sizes, 50u);
  EXPECT_GT(inside, 100u);
}

}  // namespace
}  // namespace inquest::heap::glibc
