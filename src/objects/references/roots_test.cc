/// Which words are roots: registers, stacks, globals, thread-local memory, mappings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "objects/references.h"
#include "objects/test_heap.h"

namespace inquest::objects {
namespace {

TEST(Roots, KnowsEachKindOfRoot) {
  TestHeap heap;
  BlockId in_register = heap.next_block(), on_stack = heap.next_block(),
          red_zone = heap.next_block(), below_stack = heap.next_block(),
          in_data = heap.next_block(), in_constants = heap.next_block(),
          in_code = heap.next_block(), in_tls = heap.next_block(), in_mapping = heap.next_block(),
          in_vector = heap.next_block();
  heap.thread().registers.set(snapshot::x64::rbx, heap.address(in_register));
  heap.thread().vector_state.resize(32);
  uint64_t value = heap.address(in_vector);
  std::memcpy(heap.thread().vector_state.data() + 16, &value, 8);
  heap.put(TestHeap::kSp + 0x100, heap.address(on_stack));
  heap.put(TestHeap::kSp - 128, heap.address(red_zone));
  heap.put(TestHeap::kSp - 136, heap.address(below_stack));
  heap.put(TestHeap::kData, heap.address(in_data));
  heap.put(TestHeap::kConstants, heap.address(in_constants));
  heap.put(TestHeap::kCode, heap.address(in_code));
  heap.put(TestHeap::kTls + 0x1ff8, heap.address(in_tls));
  heap.put(TestHeap::kMapping, heap.address(in_mapping));
  References refs = heap.find();
  auto kind = [&](BlockId block) {
    for (const Root& root : refs.roots()) {
      if (root.block == block) return std::string(name(root.kind));
    }
    return std::string("none");
  };
  EXPECT_EQ(kind(in_register), "registers");
  EXPECT_EQ(kind(in_vector), "registers");
  EXPECT_EQ(kind(on_stack), "stack");
  EXPECT_EQ(kind(red_zone), "stack");
  EXPECT_EQ(kind(below_stack), "none");
  EXPECT_EQ(kind(in_data), "global");
  EXPECT_EQ(kind(in_constants), "global");
  EXPECT_EQ(kind(in_code), "none");
  EXPECT_EQ(kind(in_tls), "thread-local");
  EXPECT_EQ(kind(in_mapping), "mapping");
  EXPECT_EQ(refs.roots().back().thread, 0u);
  EXPECT_EQ(refs.totals().definite.blocks, 2u);
  EXPECT_EQ(refs.totals().roots[static_cast<size_t>(RootKind::stack)].pointers, 2u);

  References without = heap.find({.mappings_are_roots = false});
  EXPECT_EQ(without.reach(in_mapping), Reach::lost);
  EXPECT_TRUE(without.reachable(in_tls));
}

TEST(Roots, ReadsTebAndPebOfWindowsProcesses) {
  TestHeap heap;
  BlockId in_teb = heap.next_block(), in_peb = heap.next_block(), in_mapping = heap.next_block(),
          under_stack = heap.next_block();
  heap.process().os = snapshot::Os::windows;
  heap.put(TestHeap::kTls + 0x2000 + 0x58, heap.address(in_teb));  // ThreadLocalStoragePointer
  heap.put(TestHeap::kTls + 0x2000 + 0x60, TestHeap::kMapping + 0x1000);
  heap.put(TestHeap::kMapping + 0x1040, heap.address(in_peb));
  heap.put(TestHeap::kMapping + 0x4000, heap.address(in_mapping));
  heap.put(TestHeap::kStack + 0x100, heap.address(under_stack));
  References refs = heap.find({.mappings_are_roots = false});
  EXPECT_TRUE(refs.reachable(in_teb));
  EXPECT_TRUE(refs.reachable(in_peb));
  EXPECT_FALSE(refs.reachable(in_mapping));
  EXPECT_FALSE(refs.reachable(under_stack));
  EXPECT_TRUE(heap.find().reachable(in_mapping));
}

TEST(Roots, VectorRegistersAreStaleBehindASystemCall) {
  TestHeap heap;
  BlockId a = heap.next_block();
  heap.thread().vector_state.resize(16);
  uint64_t value = heap.address(a);
  std::memcpy(heap.thread().vector_state.data() + 8, &value, 8);
  heap.thread().registers.set_pc({TestHeap::kCode + 0x12});
  EXPECT_TRUE(heap.find().reachable(a));
  heap.put(TestHeap::kCode + 0x10, 0x050f);
  EXPECT_EQ(heap.find().reach(a), Reach::lost);
}

TEST(Roots, TakesTheThreadsOwnVector) {
  TestHeap heap;
  BlockId vector = heap.next_block(), other = heap.next_block();
  heap.put(TestHeap::kTls + 0x2008, heap.address(vector) + 16);
  heap.put(TestHeap::kTls + 0x2010, heap.address(other) + 16);
  References refs = heap.find();
  EXPECT_TRUE(refs.reachable(vector));
  EXPECT_EQ(refs.reach(other), Reach::possible);
}

TEST(Roots, LeavesTheStacksOfDeadThreadsAlone) {
  TestHeap heap;
  constexpr uint64_t kDead = 0x7f3000000000, kDescriptor = kDead + 0x8000 - 0x900;
  heap.region(kDead, 0x8000, "");
  heap.put(kDescriptor, kDescriptor);
  heap.put(kDescriptor + 16, kDescriptor);
  BlockId stale = heap.next_block(), result = heap.next_block(), vector = heap.next_block();
  heap.put(kDead + 0x4000, heap.address(stale));
  heap.put(kDescriptor + 0x600, heap.address(result));
  heap.put(kDescriptor + 8, heap.address(vector) + 16);
  References refs = heap.find();
  EXPECT_EQ(refs.reach(stale), Reach::lost);
  EXPECT_TRUE(refs.reachable(result));
  EXPECT_TRUE(refs.reachable(vector));
}

TEST(Roots, ReadsNoRootsInBooksNorBetweenBlocks) {
  TestHeap heap;
  BlockId a = heap.next_block(), b = heap.next_block();
  heap.heaps().allocators[0].books.push_back({{TestHeap::kMapping}, {TestHeap::kMapping + 0x100}});
  heap.put(TestHeap::kMapping + 8, heap.address(a));
  heap.put(TestHeap::kHeap + TestHeap::kHeapSize - 8, heap.address(b));
  References refs = heap.find();
  EXPECT_TRUE(refs.roots().empty());
}

TEST(Roots, AStackInABlockIsARootOfThatBlockOnly) {
  TestHeap heap;
  BlockId fiber = heap.block(0, 4096), on_it = heap.block(5000 - 8, 64),
          below = heap.block(5080, 64), in_other = heap.block(5160, 64),
          other = heap.block(5240, 64);
  heap.thread().registers.set_sp({heap.address(fiber) + 2048});
  heap.put(heap.address(fiber) + 2048, heap.address(on_it));
  heap.put(heap.address(fiber) + 1024, heap.address(below));
  heap.point(other, in_other);
  References refs = heap.find();
  EXPECT_TRUE(refs.reachable(on_it));
  EXPECT_EQ(refs.reach(fiber), Reach::possible) << "only sp points to it";
  EXPECT_EQ(refs.reach(in_other), Reach::lost);
}

TEST(Roots, APoolOfPointersToFewBlocksMakesFewRoots) {
  TestHeap heap;
  BlockId a = heap.next_block(), b = heap.next_block();
  constexpr uint64_t kPool = 0x7f4000000000, kWords = 1 << 17;
  heap.region(kPool, kWords * 8, "");
  for (uint64_t i = 0; i < kWords; ++i)
    heap.put(kPool + 8 * i, heap.address(i % 2 ? a : b) + (i >= kWords / 2 ? 12 : 0));
  References refs = heap.find();
  ASSERT_EQ(refs.roots().size(), 4u);
  EXPECT_EQ(refs.roots()[0].at.value, kPool);
  EXPECT_EQ(refs.roots()[3].at.value, kPool + kWords * 4 + 8);
  EXPECT_EQ(refs.totals().roots[static_cast<size_t>(RootKind::mapping)].pointers, kWords);
}

}  // namespace
}  // namespace inquest::objects
