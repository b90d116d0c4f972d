#include "capture/core_segments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace inquest::capture {
namespace {

using Pages = Segment::Pages;
constexpr uint64_t kMiB = 1 << 20;

class CoreSegments : public ::testing::Test {
 protected:
  static Mapping mapping(uint64_t size, std::string name = {}) {
    Mapping made;
    made.range = {{0x10000000}, {0x10000000 + size}};
    made.read = made.write = made.detailed = true;
    made.inode = name.starts_with('/') ? 5 : 0;
    made.name = std::move(name);
    return made;
  }
  std::vector<Segment> plan(const Mapping& mapping, bool everything = false) {
    mappings_ = {mapping};
    PageFacts facts;
    facts.populated = facts.modified = [this](const Mapping&) { return runs_; };
    facts.begins_with_elf_header = [this](const Mapping&) { return elf_; };
    facts.stack_pointers = stacks_;
    auto segments = plan_segments(mappings_, facts,
                                  everything        ? Extent::everything
                                  : stacks_.empty() ? Extent::usual
                                                    : Extent::stacks);
    uint64_t at = mapping.range.begin.value;
    for (const auto& segment : segments) {  // whatever the plan: every address once
      EXPECT_EQ(segment.range.begin.value, at);
      EXPECT_LE(segment.recorded, segment.range.size());
      at = segment.range.end.value;
    }
    EXPECT_EQ(at, mapping.range.end.value);
    return segments;
  }
  std::vector<Mapping> mappings_;
  std::optional<std::vector<AddressRange>> runs_;
  bool elf_ = false;
  std::vector<Address> stacks_;  // not empty: the plan for a full disk
};

TEST_F(CoreSegments, AnonymousMemoryIsSparse) {
  auto heap = mapping(100 * kMiB, "[heap]");
  heap.resident = 3 * kMiB;
  auto segments = plan(heap);
  ASSERT_EQ(segments.size(), 1u);
  EXPECT_EQ(segments[0].pages, Pages::populated);
  EXPECT_EQ(segments[0].recorded, 100 * kMiB);
  EXPECT_EQ(segments[0].estimate, 3 * kMiB);
}

TEST_F(CoreSegments, UntouchedGuardIsNotRecorded) {
  auto guard = mapping(kMiB);
  guard.read = guard.write = false;
  EXPECT_EQ(plan(guard)[0].recorded, 0u);
  EXPECT_EQ(plan(mapping(kMiB))[0].recorded, kMiB);  // readable: zeros
}

TEST_F(CoreSegments, DevicesAndSecretsAreLeftOut) {
  auto device = mapping(kMiB, "/dev/dri/card0");
  device.device = true;
  EXPECT_EQ(plan(device, true)[0].recorded, 0u);
  auto secret = mapping(kMiB);
  secret.not_dumped = true;
  secret.resident = kMiB;
  EXPECT_EQ(plan(secret, true)[0].recorded, 0u);
  EXPECT_EQ(plan(mapping(4096, "[vvar]"))[0].recorded, 0u);
  EXPECT_EQ(plan(mapping(4096, "[vdso]"))[0].recorded, 4096u);
}

TEST_F(CoreSegments, CleanFilePagesAreLeftOut) {
  auto text = mapping(kMiB, "/lib/libc.so.6");
  text.write = false;
  text.execute = true;
  text.resident = kMiB;
  EXPECT_EQ(plan(text)[0].recorded, 0u);
  elf_ = true;
  EXPECT_EQ(plan(text)[0].recorded, 4096u);
  text.offset = 4096;
  EXPECT_EQ(plan(text)[0].recorded, 0u);
  EXPECT_EQ(plan(text, true)[0].recorded, kMiB);
}

TEST_F(CoreSegments, ChangedFilePagesAreRecorded) {
  auto data = mapping(kMiB, "/lib/libc.so.6");
  data.anonymous = 4096;
  EXPECT_EQ(plan(data)[0].recorded, kMiB);

  auto large = mapping(1024 * kMiB, "/var/data");
  large.anonymous = 8192;
  Address begin = large.range.begin;
  runs_ = {{begin + 4096, begin + 8192},
           {begin + 12288, begin + 16384},
           {begin + 9 * kMiB, begin + 9 * kMiB + 4096}};
  auto segments = plan(large);
  ASSERT_EQ(segments.size(), 4u);
  EXPECT_EQ(segments[0].recorded, 16384u);  // small gaps are recorded too
  EXPECT_EQ(segments[0].pages, Pages::all);
  EXPECT_EQ(segments[1].recorded, 0u);
  EXPECT_EQ(segments[2].recorded, 4096u);
  EXPECT_EQ(segments[3].recorded, 0u);
}

TEST_F(CoreSegments, SharedMemory) {
  auto file = mapping(kMiB, "/var/data");
  file.shared = true;
  file.resident = kMiB;
  EXPECT_EQ(plan(file)[0].recorded, 0u);
  EXPECT_EQ(plan(file, true)[0].recorded, kMiB);
  file.deleted = true;  // anonymous, or gone from the disk
  EXPECT_EQ(plan(file)[0].recorded, kMiB);
}

TEST_F(CoreSegments, WithoutRoomOnlyStacksAndSmallData) {
  auto arena = mapping(64 * kMiB);
  arena.resident = 64 * kMiB;
  Address begin = arena.range.begin;
  stacks_ = {begin + 100, begin + 8 * kMiB + 5000, begin + 8 * kMiB + 9000, arena.range.end - 8};
  auto segments = plan(arena);
  ASSERT_EQ(segments.size(), 5u);
  EXPECT_EQ(segments[0].recorded, 256u << 10);
  EXPECT_EQ(segments[1].recorded, 0u);
  EXPECT_EQ(segments[2].range.begin, begin + 8 * kMiB);
  EXPECT_EQ(segments[2].recorded, (256u << 10) + 4096);
  EXPECT_EQ(segments[4].recorded, 8192u);

  arena.resident = 100 << 10;  // such as .bss
  EXPECT_EQ(plan(arena)[0].recorded, 64 * kMiB);
  auto data = mapping(2 * kMiB, "/usr/bin/large");
  data.anonymous = 4096;
  EXPECT_EQ(plan(data)[0].recorded, 0u);
}

TEST_F(CoreSegments, GiganticReservation) {
  auto reservation = mapping(uint64_t{16} << 40);
  reservation.resident = 8192;
  Address begin = reservation.range.begin;
  Address middle = begin + (uint64_t{8} << 40);
  runs_ = {{begin + 4096, begin + 8192}, {middle, middle + 4096}};
  auto segments = plan(reservation);
  ASSERT_EQ(segments.size(), 4u);
  EXPECT_EQ(segments[0].recorded, 8192u);
  EXPECT_EQ(segments[2].range.begin, middle);
  EXPECT_EQ(segments[2].recorded, 4096u);
}

}  // namespace
}  // namespace inquest::capture
