// The layouts that this machine's C library does not have: heaps as fuzz/make_heap_seeds.py builds
// them.
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>

#include "heap/heap.h"
#include "heap/statistics.h"

namespace inquest::heap::glibc {
namespace {

struct BuiltHeap {
  const char* name;
  const char* layout;
  uint64_t used, cached, free;
};

class HeapLayouts : public ::testing::TestWithParam<BuiltHeap> {};

TEST_P(HeapLayouts, AreToldApart) {
  constexpr uint64_t kModule = 0x7f0000000000, kHeap = 0x555500000000, kData = 8192;
  std::ifstream file(std::string("fuzz/corpus/heap/") + GetParam().name, std::ios::binary);
  std::vector<char> text{std::istreambuf_iterator<char>(file), {}};
  ASSERT_GT(text.size(), kData);
  auto bytes = std::as_bytes(std::span(text));
  snapshot::Snapshot process;
  for (auto [at, part] :
       {std::pair(kHeap, bytes.subspan(kData)), std::pair(kModule, bytes.first(kData))}) {
    process.memory.add({at}, part, snapshot::Origin::dump, nullptr);
    process.regions.push_back(
        {.range = {{at}, {at + part.size()}}, .access = snapshot::Access{true, true, false}});
  }
  process.modules.push_back({.path = "libc.so.6", .range = {{kModule}, {kModule + kData}}});
  process.threads.push_back({.id = 7, .tls = kModule + kData});

  Heaps heaps = find_heaps({.process = process});
  ASSERT_EQ(heaps.allocators.size(), 1u);
  EXPECT_THAT(heaps.allocators[0].layout, ::testing::StartsWith(GetParam().layout));
  EXPECT_EQ(heaps.allocators[0].module, 0u);
  EXPECT_THAT(heaps.faults, ::testing::IsEmpty());
  Statistics sums = sum_up(heaps);
  EXPECT_EQ(sums.all[State::used].count, GetParam().used);
  EXPECT_EQ(sums.all[State::cached].count, GetParam().cached);
  EXPECT_EQ(sums.all[State::free].count, GetParam().free);
  EXPECT_EQ(sums.largest_free, 0x88u);
  EXPECT_EQ(sums.usual_size, GetParam().cached != 0 ? 0x28u : 0x18u);
  // Memory ends where the arena says that it does.
  EXPECT_EQ(heaps.arenas[0].segments, (std::vector<AddressRange>{{{kHeap}, {kHeap + 0x2000}}}));
}

INSTANTIATE_TEST_SUITE_P(, HeapLayouts,
                         ::testing::Values(BuiltHeap{"2.26", "2.26: ", 5, 2, 1},
                                           BuiltHeap{"2.36", "2.32 to 2.41: ", 5, 2, 1},
                                           BuiltHeap{"2.43", "2.43 or later: ", 5, 2, 1},
                                           BuiltHeap{"no-cache", "2.27 to 2.42: ", 7, 0, 1}),
                         [](const auto& info) {
                           std::string name = info.param.name;
                           for (char& c : name)
                             c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return "Layout" + name;
                         });

TEST(HeapFinder, SaysNothingOfAProcessWithoutOne) {
  snapshot::Snapshot process;
  Heaps heaps = find_heaps({.process = process});
  EXPECT_TRUE(heaps.allocators.empty() && heaps.blocks.empty() && heaps.faults.empty());
}

/// A damaged program header makes a region of nearly all addresses; the search ends with the dump.
TEST(HeapFinder, EndsWhereTheDumpEndsWhateverARegionClaims) {
  constexpr uint64_t kModule = 0x10000, kPage = 4096, kClaimed = uint64_t{1} << 62;
  std::vector<std::byte> bytes(kPage);
  snapshot::Snapshot process;
  process.memory.add({kModule}, bytes, snapshot::Origin::dump, nullptr);
  process.regions = {{.range = {{kModule}, {kClaimed}},
                      .access = snapshot::Access{true, true, false},
                      .recorded = kPage}};
  for (const char* name :
       {"libc.so.6", "libjemalloc.so.2", "libmimalloc.so.2", "libtcmalloc.so.4"}) {
    process.modules = {{.path = name, .range = {{kModule}, {kClaimed}}}};
    EXPECT_TRUE(find_heaps({.process = process}).blocks.empty()) << name;
  }
}

}  // namespace
}  // namespace inquest::heap::glibc
