#include "heap/address_space.h"

#include <gtest/gtest.h>

namespace inquest::heap {
namespace {

using snapshot::Access;
using snapshot::Region;

constexpr Access kData{.read = true, .write = true}, kNone{};

Region region(uint64_t begin, uint64_t end, Access access, std::string file = {}) {
  return {.range = {{begin}, {end}}, .access = access, .file = std::move(file)};
}

snapshot::Snapshot process() {
  snapshot::Snapshot process;
  process.process.pid = 7;
  process.threads = {{.id = 7, .name = "main"}, {.id = 9, .name = "worker"}};
  process.modules = {{.path = "/bin/lobby", .range = {{0x400000}, {0x403000}}, .is_main = true}};
  process.regions = {
      region(0x400000, 0x401000, {.read = true, .execute = true}, "/bin/lobby"),
      region(0x402000, 0x403000, kData, "/bin/lobby"),
      region(0x500000, 0x600000, kData, "[heap]"),
      region(0x7f0000000000, 0x7f0000100000, kData),  // an arena's
      region(0x7f0000100000, 0x7f0004000000, kNone),  // kept for its growth
      region(0x7f0010000000, 0x7f0010001000, kNone),  // a guard
      region(0x7f0010001000, 0x7f0010801000, kData, "[stack:9]"),
      region(0x7f0010801000, 0x7f0010901000, kData),  // nobody's
      region(0x7f0010901000, 0x7f0010902000, kData, "/dev/shm/queue"),
      region(0x7f0010902000, 0x7f0010903000, {.read = true}, "/usr/share/zone"),
      region(0x7fff00000000, 0x7fff00002000, kData, "[stack]"),
      region(0x7fff00002000, 0x7fff00003000, {.read = true, .execute = true}, "[vdso]"),
      region(0xffffffffff600000, 0xffffffffff601000, {.execute = true}, "[vsyscall]"),
  };
  return process;
}

Heaps heaps() {
  Heaps heaps;
  heaps.allocators = {{.name = "glibc"}};
  heaps.arenas = {{.name = "main arena", .segments = {{{0x500000}, {0x580000}}}},
                  {.name = "arena 1", .segments = {{{0x7f0000000000}, {0x7f0000100000}}}}};
  return heaps;
}

std::string text_of(const AddressSpace& space) {
  std::string text;
  for (const Area& area : space.areas) {
    text += fmt::format("{:#x} {} {}\n", area.range.begin.value, name(area.use), area.what);
  }
  return text;
}

TEST(AddressSpace, SaysWhatEveryAreaIsFor) {
  EXPECT_EQ(text_of(describe_address_space(process(), heaps())),
            "0x400000 image lobby\n"
            "0x402000 image lobby\n"
            "0x500000 heap glibc, main arena\n"
            "0x580000 anonymous the program break's\n"
            "0x7f0000000000 heap glibc, arena 1\n"
            "0x7f0000100000 reserved for the growth of glibc, arena 1\n"
            "0x7f0010000000 guard thread 9 worker\n"
            "0x7f0010001000 stack thread 9 worker\n"
            "0x7f0010801000 anonymous \n"
            "0x7f0010901000 shared /dev/shm/queue\n"
            "0x7f0010902000 file /usr/share/zone\n"
            "0x7fff00000000 stack thread 7 main\n"
            "0x7fff00002000 system [vdso]\n"
            "0xffffffffff600000 system [vsyscall]\n");
}

TEST(AddressSpace, SumsWhatIsHeldAndWhatIsKept) {
  AddressSpace space = describe_address_space(process(), heaps());
  ASSERT_FALSE(space.totals.empty());
  EXPECT_EQ(space.totals[0].use, Use::reserved);
  EXPECT_EQ(space.totals[0].bytes, 0x3f00000u);
  EXPECT_EQ(space.totals[0].committed, 0u);
  EXPECT_EQ(space.totals[1].use, Use::stack);
  EXPECT_EQ(space.totals[1].committed, 0x802000u);
  EXPECT_EQ(space.totals[1].largest, 0x800000u);
  uint64_t sum = 0;
  for (const UseTotal& total : space.totals) sum += total.bytes;
  uint64_t regions = 0;
  for (const Region& r : process().regions) regions += r.range.size();
  EXPECT_EQ(sum, regions);
}

TEST(AddressSpace, FindsTheLargestHole) {
  AddressSpace space = describe_address_space(process(), heaps());
  EXPECT_EQ(space.largest_hole.begin, Address{0x600000});
  EXPECT_EQ(space.largest_hole.end, Address{0x7f0000000000});
  EXPECT_EQ(space.holes, 7u);
}

TEST(AddressSpace, TheLowestMappingsAreTheNewest) {
  AddressSpace space = describe_address_space(process(), heaps());
  ASSERT_EQ(space.newest.size(), 2u);
  EXPECT_EQ(space.areas[space.newest[0]].range.begin, Address{0x7f0000000000});
  EXPECT_EQ(space.areas[space.newest[1]].range.begin, Address{0x7f0010801000});
}

TEST(AddressSpace, SaysHowNearTheEndIs) {
  auto snapshot = process();
  snapshot.annotations["limit.address_space"] = "134217728";
  AddressSpace space = describe_address_space(snapshot, heaps());
  ASSERT_EQ(space.ceilings.size(), 2u);
  EXPECT_EQ(space.ceilings[0].most, 134217728u);
  EXPECT_EQ(space.ceilings[1].used, snapshot.regions.size());
  EXPECT_TRUE(space.ceilings[1].is_assumed);
}

TEST(AddressSpace, Of32BitsEndsWhereTheSystemSays) {
  snapshot::Snapshot small;
  small.arch = snapshot::Arch::x86;
  small.os = snapshot::Os::windows;
  small.regions = {region(0x400000, 0x70000000, kData)};
  EXPECT_EQ(describe_address_space(small, {}).user.end, Address{0x7fff0000});
  small.regions.push_back(region(0x90000000, 0x90001000, kData));  // large addresses
  EXPECT_EQ(describe_address_space(small, {}).user.end, Address{0xffff0000});
  small.os = snapshot::Os::linux;
  EXPECT_EQ(describe_address_space(small, {}).user.end, Address{0xc0000000});
}

TEST(AddressSpace, OfNothingIsFree) {
  AddressSpace space = describe_address_space({}, {});
  EXPECT_TRUE(space.areas.empty());
  EXPECT_EQ(space.holes, 1u);
  EXPECT_EQ(space.largest_hole.size(), space.user.size());
}

}  // namespace
}  // namespace inquest::heap
