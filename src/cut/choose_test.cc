#include "cut/choose.h"

#include <algorithm>
#include <elf.h>
#include <gtest/gtest.h>

#include "cut/recording.h"

namespace inquest::cut {
namespace {

using snapshot::Access;
using snapshot::Origin;
using snapshot::Region;
using snapshot::Snapshot;

constexpr uint64_t kMain = 0x70000, kOther = 0x90000, kHeap = 0x100000, kText = 0x400000;

/// Two threads, a heap, a text; every region of 64 KiB is recorded.
class Choose : public testing::Test {
 protected:
  void SetUp() override {
    add(kMain, {.read = true, .write = true}, "[stack]");
    add(kOther, {.read = true, .write = true}, "");
    add(kHeap, {.read = true, .write = true}, "[heap]");
    add(kText, {.read = true, .execute = true}, "/bin/lobby");
    process.modules.push_back(
        {.path = "/bin/lobby", .range = {Address{kText}, Address{kText + kSize}}, .is_main = true});
    process.modules[0].identity.build_id.resize(20);
    process.threads.push_back(thread(1, kMain + 0x8000, true));
    process.threads.push_back(thread(2, kOther + 0xf000, false));
    for (auto& [begin, bytes] : contents) {
      process.memory.add(Address{begin}, bytes, Origin::dump, nullptr);
    }
  }

  void add(uint64_t begin, Access access, std::string file) {
    process.regions.push_back(
        {.range = {Address{begin}, Address{begin + kSize}}, .access = access, .file = file});
    contents.emplace(begin, std::vector<std::byte>(kSize));
  }

  static snapshot::Thread thread(uint32_t id, uint64_t sp, bool crashed) {
    snapshot::Thread t{.id = id, .crashed = crashed};
    t.registers.set_pc(Address{kText + 0x1000});
    t.registers.set_sp(Address{sp});
    return t;
  }

  void point(uint64_t at, uint64_t to) {
    uint64_t region = at & ~(kSize - 1);
    std::memcpy(contents.at(region).data() + (at - region), &to, sizeof to);
  }

  Choice chosen(const Options& options = {}, const Needs& needs = {}) {
    auto choice = choose(process, process.memory, needs, options, 1000);
    EXPECT_TRUE(choice) << choice.error().line();
    return choice ? *choice : Choice{};
  }

  static bool keeps(const Choice& choice, uint64_t at) {
    return std::ranges::any_of(choice.ranges, [&](auto& r) { return r.contains(Address{at}); });
  }

  static constexpr uint64_t kSize = 0x10000;
  Snapshot process;
  std::map<uint64_t, std::vector<std::byte>> contents;
};

TEST_F(Choose, KeepsStacksFromTheRedZoneToTheirEnd) {
  Choice choice = chosen();
  EXPECT_TRUE(keeps(choice, kMain + 0x8000 - 128));
  EXPECT_FALSE(keeps(choice, kMain + 0x8000 - 136));
  EXPECT_TRUE(keeps(choice, kMain + kSize - 1));
  EXPECT_TRUE(keeps(choice, kOther + kSize - 1));
  EXPECT_FALSE(keeps(choice, kHeap));
}

TEST_F(Choose, CutsDeepStacksButLessThatOfTheThreadThatDied) {
  Choice choice = chosen({.stack_bytes = 0x800});
  EXPECT_TRUE(keeps(choice, kMain + 0x8000 + 0x1fff));
  EXPECT_FALSE(keeps(choice, kMain + 0x8000 + 0x2000));
  EXPECT_TRUE(keeps(choice, kOther + 0xf7ff));
  EXPECT_FALSE(keeps(choice, kOther + 0xf800));
}

TEST_F(Choose, KeepsWhatTheAnalysisReadDeeperAlso) {
  Choice choice =
      chosen({.stack_bytes = 64}, {.read = {{Address{kHeap + 0x4000}, Address{kHeap + 0x4040}}}});
  EXPECT_TRUE(keeps(choice, kHeap + 0x4000));
  EXPECT_FALSE(keeps(choice, kHeap + 0x4040));
  EXPECT_EQ(choice.parts[static_cast<size_t>(Part::analysis)].kept, 64u);
}

TEST_F(Choose, KeepsAroundPointers) {
  point(kMain + 0x9000, kHeap + 0x8000);
  process.threads[1].registers.set(snapshot::x64::rbx, kHeap + 0xc000);
  Choice choice = chosen({.around = 1024});
  EXPECT_TRUE(keeps(choice, kHeap + 0x8000 - 256));
  EXPECT_TRUE(keeps(choice, kHeap + 0x8000 + 767));
  EXPECT_FALSE(keeps(choice, kHeap + 0x8000 + 768));
  EXPECT_TRUE(keeps(choice, kHeap + 0xc000));
}

TEST_F(Choose, KeepsNoHeapWhenAskedForStacksOnly) {
  point(kMain + 0x9000, kHeap + 0x8000);
  Needs needs{.read = {{Address{kHeap}, Address{kHeap + 0x40}},
                       {Address{kMain + 0x8000}, Address{kMain + 0x8040}}},
              .frames = {{Address{kText + 0x1000}}, {}}};
  Choice choice = chosen({.stacks_only = true}, needs);
  for (const AddressRange& range : choice.ranges) {
    EXPECT_FALSE(range.contains(Address{kHeap + 0x20})) << range.begin.value;
    EXPECT_FALSE(range.contains(Address{kHeap + 0x8000})) << range.begin.value;
  }
  EXPECT_TRUE(keeps(choice, kMain + 0x8000));
  EXPECT_TRUE(keeps(choice, kText + 0x1000));
}

TEST_F(Choose, KeepsNoEnvironmentUnlessAsked) {
  const uint64_t random = kMain + 0xe000;
  process.process.auxv[AT_RANDOM] = random;
  point(kMain + 0x9000, random + 0x100);  // environ[0]
  Needs needs{.read = {{Address{random + 0x100}, Address{random + 0x140}}}};
  Choice choice = chosen({}, needs);
  EXPECT_TRUE(keeps(choice, random));
  EXPECT_FALSE(keeps(choice, random + 16));
  EXPECT_FALSE(keeps(choice, random + 0x100));
  EXPECT_TRUE(keeps(chosen({.environment = true}, needs), random + 0x100));
}

TEST_F(Choose, GivesRoomToTheMostImportant) {
  point(kMain + 0x9000, kHeap + 0x8000);
  const uint64_t size = 1000 + 0x8080 + 0x500;
  Choice choice = chosen({.size = size});
  EXPECT_TRUE(keeps(choice, kMain + kSize - 1));
  EXPECT_TRUE(keeps(choice, kOther + 0xf000));
  EXPECT_FALSE(keeps(choice, kOther + kSize - 1));
  EXPECT_GT(choice.parts[static_cast<size_t>(Part::stacks)].left_out, 0u);
  uint64_t kept = 0;
  for (const AddressRange& range : choice.ranges) kept += range.size() + 24;
  EXPECT_LE(kept + 1000, size);
}

TEST_F(Choose, RefusesASizeWithoutRoomForThreads) {
  auto choice = choose(process, process.memory, {}, {.size = 999}, 1000);
  ASSERT_FALSE(choice);
  EXPECT_NE(choice.error().line().find("--size"), std::string::npos);
}

TEST(Recording, NotesLines) {
  Recording recording;
  recording.touched(Address{0x1001}, 1);
  recording.touched(Address{0x103f}, 2);
  recording.touched(Address{0x1fff}, 2);
  recording.touched(Address{UINT64_MAX}, 1);
  recording.touched(Address{0x5000}, 0);
  std::vector<AddressRange> expected{{Address{0x1000}, Address{0x1080}},
                                     {Address{0x1fc0}, Address{0x2040}},
                                     {Address{UINT64_MAX - 63}, Address{UINT64_MAX}}};
  EXPECT_EQ(recording.ranges(), expected);
  recording.clear();
  EXPECT_TRUE(recording.ranges().empty());
}

TEST(Recording, HasALimit) {
  Recording recording;
  recording.touched(Address{0}, UINT64_MAX);
  EXPECT_TRUE(recording.overflowed());
  EXPECT_LE(recording.ranges().size(), 1u << 18);
}

TEST(Recording, HearsOfReads) {
  auto recording = std::make_shared<Recording>();
  std::vector<std::byte> bytes(0x1000);
  snapshot::Memory memory;
  memory.add(Address{0x1000}, bytes, Origin::dump, nullptr);
  memory.set_watch(recording);
  memory.read<uint64_t>(Address{0x1100});
  memory.has(Address{0x1200});
  memory.has(Address{0x9000});  // nothing there
  memory.view(Address{0x1300});
  memory.view(Address{0x1400}, 0x80);
  std::vector<AddressRange> expected{{Address{0x1100}, Address{0x1140}},
                                     {Address{0x1200}, Address{0x1240}},
                                     {Address{0x1300}, Address{0x1340}},
                                     {Address{0x1400}, Address{0x1480}}};
  EXPECT_EQ(recording->ranges(), expected);
}

TEST(Selection, CountsABytesOnce) {
  std::vector<std::byte> bytes(0x1000);
  snapshot::Memory memory;
  memory.add(Address{0x1000}, bytes, Origin::dump, nullptr);
  memory.add(Address{0x2000}, bytes, Origin::file, nullptr);
  Selection selection(memory, 0x10000);
  EXPECT_TRUE(selection.keep({Address{0x1100}, Address{0x1200}}, Part::analysis));
  EXPECT_TRUE(selection.keep({Address{0x1000}, Address{0x3000}}, Part::stacks));
  EXPECT_EQ(selection.tally(Part::analysis).kept, 0x100u);
  EXPECT_EQ(selection.tally(Part::stacks).kept, 0xf00u) << "not what is in files";
  EXPECT_TRUE(selection.keep({Address{0x2000}, Address{0x2010}}, Part::images, true));
  std::vector<AddressRange> expected{{Address{0x1000}, Address{0x2010}}};
  EXPECT_EQ(selection.ranges(), expected);
  EXPECT_TRUE(selection.has(Address{0x200f}));
  EXPECT_FALSE(selection.has(Address{0x2010}));
}

}  // namespace
}  // namespace inquest::cut
