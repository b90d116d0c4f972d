#include "cause/growth/kept_kinds.h"

#include <gtest/gtest.h>

#include "cause/heap/owners.h"
#include "cause/test_process.h"

namespace inquest::cause {
namespace {

constexpr uint64_t kKindsHeap = 0x555500000000, kKindsData = 0x403000;

/// A heap whose blocks a global keeps; their types are by size.
class KindsHeap {
 public:
  KindsHeap() : heap_(1 << 20), data_(4096) {
    heaps_.arenas = {{.segments = {{{kKindsHeap}, {kKindsHeap + heap_.size()}}}}};
  }
  uint32_t block(uint64_t size) {
    heap::Block block;
    block.begin = kKindsHeap + end_;
    block.size = size;
    end_ += (size + 31) / 16 * 16;
    heaps_.blocks.push_back(block);
    return static_cast<uint32_t>(heaps_.blocks.size() - 1);
  }
  void point(uint32_t from, size_t word, uint32_t to) {
    put(heap_, heaps_.blocks[from].begin - kKindsHeap + word * 8, to);
  }
  void global(uint64_t offset, uint32_t to) { put(data_, offset, to); }

  std::vector<KeptKind> find(uint64_t least_bytes) {
    auto process = DeadProcess()
                       .module(0x401000, 0x3000, "/bin/game", true)
                       .map(0x401000, std::vector<std::byte>(16), "r-x", "/bin/game")
                       .map(kKindsData, data_, "rw-", "/bin/game")
                       .map(kKindsHeap, heap_, "rw-", "[heap]")
                       .open();
    auto references = objects::References::find(process->snapshot(), heaps_, {});
    RootOwners roots = find_owners(*process, references.roots());
    auto dominators =
        objects::Dominators::find(heaps_, references, std::move(roots.owners), roots.owner_of);
    BlockTypes types{
        .type_of = [](const heap::Block& block) -> uint64_t { return block.size == 64 ? 7 : 0; },
        .name_of = [](uint64_t) { return "Node"; },
        .member_of =
            [](const heap::Block&, uint64_t offset) {
              return offset == 0 ? "next" : fmt::format("[{}].payload", offset);
            }};
    return find_kept_kinds({.process = *process,
                            .heaps = heaps_,
                            .references = references,
                            .dominators = dominators,
                            .owner_of = roots.owner_of,
                            .types = types,
                            .least_bytes = least_bytes});
  }

 private:
  void put(std::vector<std::byte>& bytes, uint64_t at, uint32_t to) {
    const uint64_t value = heaps_.blocks[to].begin;
    std::memcpy(bytes.data() + at, &value, sizeof value);
  }
  std::vector<std::byte> heap_, data_;
  heap::Heaps heaps_;
  uint64_t end_ = 0;
};

TEST(KeptKinds, JoinTheNodesOfAList) {
  KindsHeap heap;
  uint32_t first = heap.block(64), last = first;
  heap.global(0, first);
  for (int i = 0; i < 1000; ++i) {
    uint32_t payload = heap.block(200);
    heap.point(last, 2, payload);
    if (i == 999) break;
    uint32_t next = heap.block(64);
    heap.point(last, 0, next);
    last = next;
  }
  auto kinds = heap.find(100);
  ASSERT_EQ(kinds.size(), 3u);
  EXPECT_EQ(kinds[0].parent, KeptKind::kOwner);
  EXPECT_EQ(kinds[0].type, "data of game+0x2000");
  EXPECT_EQ(kinds[0].kept.blocks, 2000u);
  EXPECT_EQ(kinds[1].type, "Node");
  EXPECT_EQ(kinds[1].parent, 0u);
  EXPECT_EQ(kinds[1].own.blocks, 1000u);
  EXPECT_EQ(kinds[1].kept.bytes, 264000u) << "once, not below each node again";
  EXPECT_EQ(kinds[1].largest.value, kKindsHeap);
  EXPECT_EQ(kinds[2].parent, 1u);
  EXPECT_EQ(kinds[2].type, "");
  EXPECT_EQ(kinds[2].size, 200u);
  EXPECT_EQ(kinds[2].member, "payload") << "of any element";
  EXPECT_EQ(kinds[2].own.blocks, 1000u);
}

TEST(KeptKinds, LookOnlyIntoWhatIsLarge) {
  KindsHeap heap;
  uint32_t small = heap.block(64), below = heap.block(80), large = heap.block(4000);
  heap.global(0, small);
  heap.point(small, 0, below);
  heap.global(0x800, large);
  auto kinds = heap.find(1000);
  ASSERT_EQ(kinds.size(), 2u) << "of the small owner nothing";
  EXPECT_EQ(kinds[0].kept.bytes, 4000u);
  EXPECT_EQ(kinds[1].size, 0u) << "the sizes of large blocks are not what they are";
}

TEST(KeptKinds, TellWhatSeveralKeepFromWhatEachKeeps) {
  KindsHeap heap;
  uint32_t shared = heap.block(3000), own = heap.block(2000);
  heap.global(0, shared);
  heap.global(0x800, shared);
  heap.global(0x400, own);
  heap.block(1500);  // lost
  auto kinds = heap.find(1000);
  std::map<std::string, uint64_t> owners;
  for (const KeptKind& kind : kinds) {
    if (kind.parent == KeptKind::kOwner) owners[kind.type] = kind.kept.bytes;
  }
  EXPECT_EQ(owners,
            (std::map<std::string, uint64_t>{
                {kSeveralTogether, 3000}, {"data of game+0x2400", 2000}, {kLostOwner, 1500}}));
}

}  // namespace
}  // namespace inquest::cause
