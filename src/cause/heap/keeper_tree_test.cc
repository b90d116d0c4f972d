#include "cause/heap/keeper_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cause/heap/pointer_words.h"
#include "cause/heap/root_chains.h"
#include "objects/test_heap.h"

namespace inquest::cause {
namespace {

using answer::MapKind;
using answer::MapNode;
using objects::BlockId;
using objects::TestHeap;

/// A heap of blocks whose types are given, under as many globals as it has roots.
class TypedHeap {
 public:
  explicit TypedHeap(uint64_t heap_size = 1 << 20) : heap(snapshot::Arch::x86_64, heap_size) {}

  BlockId block(uint64_t type, uint64_t size = 64) {
    BlockId id = heap.block(end_, size);
    end_ += size + 16;
    types_.push_back(type);
    return id;
  }
  void global(BlockId block) { heap.put(TestHeap::kData + 8 * globals_++, heap.address(block)); }

  KeeperTree find(size_t limit = 3000) {
    references_.emplace(heap.find());
    std::vector<objects::RootOwner> owners;
    std::vector<uint32_t> owner_of;
    for (const objects::Root& root : references_->roots()) {
      owner_of.push_back(static_cast<uint32_t>(owners.size()));
      owners.push_back(
          {.name = fmt::format("global g_{}", owners.size()), .kind = root.kind, .at = root.at});
    }
    dominators_.emplace(
        objects::Dominators::find(heap.heaps(), *references_, std::move(owners), owner_of));
    TypeNames names(numbers(), [](std::string_view name) { return std::string(name); });
    KeeperTree tree = find_keeper_tree({heap.heaps(), *dominators_, names, limit});
    retained = retained_by_type(heap.heaps(), *dominators_, names);
    type_names = names.take();
    return tree;
  }

  TestHeap heap;
  std::vector<answer::MapType> type_names;
  std::unordered_map<uint64_t, uint64_t> retained;

 private:
  const BlockTypes& numbers() {
    block_types_ = {.type_of =
                        [this](const heap::Block& block) {
                          return types_[static_cast<size_t>(&block - heap.heaps().blocks.data())];
                        },
                    .name_of = [](uint64_t type) { return fmt::format("T{}", type); }};
    return block_types_;
  }

  std::vector<uint64_t> types_;
  BlockTypes block_types_;
  uint64_t end_ = 0, globals_ = 0;
  std::optional<objects::References> references_;
  std::optional<objects::Dominators> dominators_;
};

std::vector<MapNode> below(const KeeperTree& tree, uint32_t parent) {
  std::vector<MapNode> out;
  for (size_t i = 1; i < tree.nodes.size(); ++i) {
    if (tree.nodes[i].parent == parent) out.push_back(tree.nodes[i]);
  }
  return out;
}
uint32_t index_of(const KeeperTree& tree, const MapNode& node) {
  for (uint32_t i = 1; i < tree.nodes.size(); ++i) {
    if (tree.nodes[i].at == node.at && tree.nodes[i].type == node.type) return i;
  }
  return 0;
}

TEST(KeeperTree, AListIsOneNodeThatKeepsItsValues) {
  TypedHeap h;
  BlockId server = h.block(1), before = server;
  h.global(server);
  for (int i = 0; i < 100; ++i) {
    BlockId node = h.block(2), value = h.block(3, 32);
    h.heap.point(before, node);
    h.heap.point(node, value, 1);
    before = node;
  }
  KeeperTree tree = h.find();
  EXPECT_EQ(tree.left_out, 0u);
  EXPECT_EQ(tree.nodes[0].bytes, 64u + 100 * 96);
  EXPECT_EQ(tree.nodes[0].blocks, 201u);
  auto owners = below(tree, 0);
  ASSERT_EQ(owners.size(), 1u);
  EXPECT_EQ(owners[0].kind, MapKind::global);
  EXPECT_EQ(owners[0].name, "global g_0");
  auto servers = below(tree, 1);
  ASSERT_EQ(servers.size(), 1u);
  EXPECT_EQ(servers[0].at, Address{h.heap.address(server)});
  auto list = below(tree, index_of(tree, servers[0]));
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].count, 100u);
  EXPECT_EQ(list[0].own_bytes, 6400u);
  EXPECT_EQ(h.type_names[list[0].type].name, "T2");
  auto values = below(tree, index_of(tree, list[0]));
  ASSERT_EQ(values.size(), 1u);
  EXPECT_EQ(values[0].count, 100u);
  EXPECT_EQ(values[0].bytes, 3200u);
  EXPECT_FALSE(values[0].at);
  // A list is retained once, by its head.
  EXPECT_EQ(h.retained[2], 9600u);
  EXPECT_EQ(h.retained[1], 9664u);
}

TEST(KeeperTree, OneOfManyThatKeepsMuchIsItself) {
  TypedHeap h;
  BlockId server = h.block(1, 1024);
  h.global(server);
  BlockId large = 0;
  for (unsigned i = 0; i < 50; ++i) {
    BlockId room = h.block(2);
    h.heap.point(server, room, i);
    if (i != 7) continue;
    large = room;
    h.heap.point(room, h.block(0, 50000));
  }
  KeeperTree tree = h.find();
  auto rooms = below(tree, 2);
  ASSERT_EQ(rooms.size(), 2u);
  EXPECT_EQ(rooms[0].at, Address{h.heap.address(large)});
  EXPECT_EQ(rooms[0].bytes, 50064u);
  EXPECT_EQ(rooms[1].count, 49u);
  auto inside = below(tree, index_of(tree, rooms[0]));
  ASSERT_EQ(inside.size(), 1u);
  EXPECT_EQ(inside[0].type, 0u);
}

TEST(KeeperTree, TellsWhatSeveralKeepAndWhatIsLost) {
  TypedHeap h;
  BlockId a = h.block(1), b = h.block(1), both = h.block(2, 128), lost = h.block(3, 256);
  h.global(a);
  h.global(b);
  h.heap.point(a, both);
  h.heap.point(b, both);
  KeeperTree tree = h.find();
  std::map<MapKind, uint64_t> kinds;
  for (const MapNode& node : below(tree, 0)) kinds[node.kind] += node.bytes;
  EXPECT_EQ(kinds, (std::map<MapKind, uint64_t>{
                       {MapKind::shared, 128}, {MapKind::lost, 256}, {MapKind::global, 128}}));
  EXPECT_EQ(tree.nodes.back().at.has_value(), true);
  (void)lost;
}

TEST(KeeperTree, SaysWhatItLeavesOut) {
  TypedHeap h(1 << 22);
  BlockId table = h.block(1, 8 * 2000);
  h.global(table);
  for (unsigned i = 0; i < 2000; ++i) {
    // Every block is of a kind of its own, and all keep another.
    BlockId one = h.block(10 + i), its = h.block(5000 + i);
    h.heap.point(table, one, i);
    h.heap.point(one, its);
  }
  for (size_t limit : {60, 3000}) {
    KeeperTree tree = h.find(limit);
    EXPECT_LE(tree.nodes.size(), limit);
    uint64_t told = 0;
    for (const MapNode& node : tree.nodes) told += node.kind == MapKind::blocks ? node.count : 0;
    EXPECT_EQ(told + tree.left_out, 4001u);
    const MapNode& rest = *std::ranges::find(tree.nodes, MapKind::others, &MapNode::kind);
    EXPECT_GT(rest.count, 1900u);
  }
}

TEST(KeeperTree, EndsWhereKindsTakeTurnsForever) {
  TypedHeap h(1 << 22);
  BlockId before = h.block(1);
  h.global(before);
  for (unsigned i = 0; i < 20000; ++i) {
    BlockId next = h.block(2 + i % 2);
    h.heap.point(before, next);
    before = next;
  }
  KeeperTree tree = h.find();
  EXPECT_LT(tree.nodes.size(), 100u);
  EXPECT_TRUE(tree.nodes.back().is_cut);
  EXPECT_GT(tree.left_out, 19000u);
}

TEST(KeeperTree, OfAnEmptyHeapIsOneNode) {
  TypedHeap h;
  KeeperTree tree = h.find();
  ASSERT_EQ(tree.nodes.size(), 1u);
  EXPECT_EQ(tree.nodes[0].bytes, 0u);
}

TEST(RootChains, PreferWhatStaysOverWhatLooks) {
  TypedHeap h;
  BlockId a = h.block(1), b = h.block(2), c = h.block(3), lost = h.block(4);
  h.global(a);
  h.heap.point(a, b);
  h.heap.point(b, c);
  h.heap.put(TestHeap::kSp + 64, h.heap.address(c));
  auto references = h.heap.find();
  RootChains chains = find_root_chains(4, references);
  EXPECT_EQ(chains.steps, (std::vector<uint32_t>{1, 2, 3, 0}));
  EXPECT_EQ(chains.before[c], b);
  EXPECT_EQ(chains.before[a], RootChains::kNobody);
  (void)lost;
}

TEST(PointerWords, AreTheFirstToTheBeginElseTheFirstAnywhere) {
  TypedHeap h;
  BlockId table = h.block(1, 256), a = h.block(2), b = h.block(2), c = h.block(2);
  h.heap.point(table, b, 3, 8);  // into the middle
  h.heap.point(table, b, 4, 16);
  h.heap.point(table, a, 5, 8);
  h.heap.point(table, a, 6);
  h.heap.point(table, a, 7);
  h.heap.find();
  std::vector<WantedPointer> wanted{{table, c}, {table, b}, {a, b}, {table, a}, {table, b}};
  find_pointers(h.heap.process(), h.heap.heaps(), wanted);
  ASSERT_EQ(wanted.size(), 4u);  // sorted, each once
  EXPECT_EQ(wanted[0].to, a);
  EXPECT_EQ(wanted[0].offset, 48u);
  EXPECT_EQ(wanted[1].offset, 24u);
  EXPECT_FALSE(wanted[2].offset);  // c: nothing points there
  EXPECT_EQ(wanted[3].from, a);
  EXPECT_FALSE(wanted[3].offset);
  // No more is read than is allowed.
  wanted = {{table, a}};
  find_pointers(h.heap.process(), h.heap.heaps(), wanted, 0);
  EXPECT_FALSE(wanted[0].offset);
}

}  // namespace
}  // namespace inquest::cause
