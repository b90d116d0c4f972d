#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "heap/glibc/patient_image.h"

namespace inquest::heap::glibc {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct HeapCase {
  const char* name;
  const char* environment;
  bool is_static = false;
  const char* layout = "";
};
void PrintTo(const HeapCase& which, std::ostream* out) { *out << which.name; }

class GlibcHeap : public ::testing::TestWithParam<HeapCase> {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<testkit::TemporaryFolder>();
    EXPECT_EQ(testkit::compile_program(*folder_ / "patient", testkit::heap_patient_source(),
                                       testkit::kHeapPatient),
              "");
    EXPECT_EQ(testkit::compile_program(*folder_ / "static", testkit::heap_patient_source(),
                                       testkit::kStaticHeapPatient),
              "");
  }
  static void TearDownTestSuite() { folder_.reset(); }
  static inline std::unique_ptr<testkit::TemporaryFolder> folder_;
};

/// Every block that lives, with its size; nothing that was freed; nothing else.
TEST_P(GlibcHeap, IsTheProgramsOwnBooks) {
  const HeapCase& which = GetParam();
  auto image = PatientImage::take(*folder_, *folder_ / (which.is_static ? "static" : "patient"),
                                  which.environment, 11, 8000, 3);
  ASSERT_TRUE(image);
  Heaps heaps = find_heaps({.process = image->process});
  ASSERT_EQ(heaps.allocators.size(), 1u);
  EXPECT_THAT(heaps.allocators[0].layout, HasSubstr(which.layout));
  std::map<uint64_t, uint64_t> used;
  uint64_t end = 0, cached = 0;
  for (const Block& block : heaps.blocks) {
    EXPECT_GE(block.begin, end);
    end = block.begin + block.size;
    if (block.state() == State::used) used[block.begin] = block.size;
    if (block.state() != State::cached) continue;
    ++cached;
    EXPECT_FALSE(image->truth.live.contains(block.begin)) << std::hex << block.begin;
  }
  EXPECT_GT(image->truth.live.size(), 3000u);
  EXPECT_EQ(used == image->truth.live, true)
      << used.size() << " instead of " << image->truth.live.size();
  EXPECT_GT(image->truth.freed.size(), 0u);
  for (const Fault& fault : heaps.faults)
    ADD_FAILURE() << fmt::format("{} {}", fault.at, fault.what);
  EXPECT_THAT(heaps.warnings, IsEmpty());
  if (std::string_view(which.name) == "Cache2000") {
    EXPECT_GT(cached, 3000u);
  }
  // Every thread has its arena, one arena each as a rule.
  size_t threads = 0;
  for (const Arena& arena : heaps.arenas) threads += arena.threads.size();
  EXPECT_EQ(threads, 3u);
}

INSTANTIATE_TEST_SUITE_P(
    , GlibcHeap,
    ::testing::Values(HeapCase{"Plain", ""},
                      HeapCase{"NoCache", "GLIBC_TUNABLES=glibc.malloc.tcache_count=0"},
                      HeapCase{"Cache2000", "GLIBC_TUNABLES=glibc.malloc.tcache_count=2000"},
                      HeapCase{"OneArena", "GLIBC_TUNABLES=glibc.malloc.arena_max=1"},
                      HeapCase{"Mapped", "GLIBC_TUNABLES=glibc.malloc.mmap_threshold=50000"},
                      HeapCase{"HugePages", "GLIBC_TUNABLES=glibc.malloc.hugetlb=1"},
                      HeapCase{"BreakBlocked", "BLOCK_BREAK=1"}, HeapCase{"Static", "", true},
                      HeapCase{"StaticBreakBlocked", "BLOCK_BREAK=1", true}),
    [](const auto& info) { return std::string(info.param.name); });

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
    uint64_t end = 0;
    for (const Block& block : heaps.blocks) {
      EXPECT_GE(block.begin, end);
      EXPECT_LT(block.arena, heaps.arenas.size());
      end = block.begin + block.size;
    }
    return heaps;
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

/// No crash, and an end. (`./dev bench damage` overwrites each field with 17 values.)
TEST_F(DamagedHeap, ArenasAndHeaps) {
  for (const AddressRange& book : whole_.allocators[0].books) {
    for (uint64_t at = book.begin.value; at + 8 <= book.end.value && at < book.begin.value + 0x900;
         at += 8) {
      const uint64_t value = std::array{uint64_t{0}, uint64_t{0x4141414141414141}, at}[at / 8 % 3];
      if (word(at) != value) with(at, value);
    }
  }
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

TEST_F(DamagedHeap, AnywhereAtRandom) {
  uint64_t state = 0x2545f4914f6cdd1d;
  auto next = [&] {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state >> 3;
  };
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
    with(field, value);
  }
}

}  // namespace
}  // namespace inquest::heap::glibc
