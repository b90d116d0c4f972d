#include "cause/heap/leaks.h"

#include <gtest/gtest.h>

#include "cause/test_process.h"

namespace inquest::cause {
namespace {

constexpr uint64_t kLeakHeap = 0x555500000000, kLeakTable = 0x402010;

/// Six blocks of 64 bytes, of which a global holds the first; three begin alike with a virtual
/// table.
heap::Heaps leak_heaps() {
  heap::Heaps heaps;
  heaps.allocators = {{.name = "test", .layout = "1.0"}};
  heaps.arenas = {{.segments = {{{kLeakHeap}, {kLeakHeap + 0x1000}}}}};
  for (uint64_t i = 0; i < 6; ++i) {
    heap::Block block;
    block.begin = kLeakHeap + i * 128;
    block.size = 64;
    heaps.blocks.push_back(block);
  }
  return heaps;
}

std::unique_ptr<Process> leaky_process() {
  std::vector<std::byte> heap(4096), constants(4096), data(4096);
  auto put = [](std::vector<std::byte>& bytes, size_t at, uint64_t value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
  };
  put(data, 0, kLeakHeap);
  for (size_t i : {1, 2, 3}) put(heap, i * 128, kLeakTable);
  std::memcpy(heap.data() + 4 * 128, "hello, world", 12);
  put(heap, 3 * 128 + 16, kLeakHeap + 5 * 128);
  // Itanium: offset to top, type_info, the table. The name is behind a type_info of its own.
  put(constants, 0x08, 0x402100);
  put(constants, 0x10, 0x401000);
  put(constants, 0x100, 0x402200);
  put(constants, 0x108, 0x402300);
  std::memcpy(constants.data() + 0x300, "N4game5GuildE", 14);
  DeadProcess process;
  process.module(0x401000, 0x3000, "/bin/game", true)
      .map(0x401000, std::vector<std::byte>(16), "r-x", "/bin/game")
      .map(0x402000, constants, "r--", "/bin/game")
      .map(0x403000, data, "rw-", "/bin/game")
      .map(kLeakHeap, heap, "rw-", "[heap]");
  return process.open();
}

TEST(Leaks, PutsGroupsThatLookAlikeTogether) {
  auto process = leaky_process();
  heap::Heaps heaps = leak_heaps();
  LeakQuestion question{.with_blocks = true};
  auto references = objects::References::find(process->snapshot(), heaps, question.options);
  answer::Leaks leaks = describe_leaks(*process, heaps, references, question);
  EXPECT_EQ(leaks.definite.blocks, 4u);
  EXPECT_EQ(leaks.indirect.blocks, 1u);
  EXPECT_EQ(leaks.reachable.blocks, 1u);
  ASSERT_EQ(leaks.shapes.size(), 3u);
  const auto* pair = &leaks.shapes[0];
  const auto* single = &leaks.shapes[1];
  if (pair->groups == 1) std::swap(pair, single);
  EXPECT_EQ(pair->groups, 2u) << "both begin with the same table and hold nothing";
  EXPECT_EQ(pair->heads.front().value, kLeakHeap + 128);
  EXPECT_EQ(single->most_blocks, 2u);
  EXPECT_EQ(leaks.shapes[2].text, "hello, world");
  EXPECT_EQ(leaks.shapes[2].type, "");
  ASSERT_EQ(leaks.blocks.size(), 5u);
  EXPECT_EQ(leaks.blocks.back().kind, "indirect");
  EXPECT_EQ(leaks.blocks.back().head.value, kLeakHeap + 3 * 128);
  EXPECT_EQ(leaks.allocators, std::vector<std::string>{"test (1.0)"});
  EXPECT_TRUE(leaks.warnings.empty());
}

TEST(Leaks, SaysWhatIsMissing) {
  auto process = leaky_process();
  heap::Heaps none;
  auto references = objects::References::find(process->snapshot(), none, {});
  answer::Leaks leaks = describe_leaks(*process, none, references, {});
  ASSERT_EQ(leaks.warnings.size(), 1u);
  EXPECT_NE(leaks.warnings[0].what.find("no block of any allocator"), std::string::npos);

  heap::Heaps heaps = leak_heaps();
  heap::Block absent;
  absent.begin = kLeakHeap + (1 << 20);
  absent.size = 1 << 20;
  heaps.blocks.push_back(absent);
  auto partly = objects::References::find(process->snapshot(), heaps, {});
  leaks = describe_leaks(*process, heaps, partly, {});
  ASSERT_EQ(leaks.warnings.size(), 1u);
  EXPECT_EQ(leaks.missing_bytes, 1u << 20);
}

}  // namespace
}  // namespace inquest::cause
