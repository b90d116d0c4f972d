#include "objects/typing.h"

#include <gtest/gtest.h>

#include "objects/types/test_typing.h"
#include "objects/types/text.h"
#include "objects/types/type_table.h"

namespace inquest::objects {
namespace {

using symbols::TypeId;

class TypingTest : public testing::Test, public TypedProgram {};

TEST_F(TypingTest, FollowsMembersFromGlobals) {
  BlockId first = heap_.block(0, 24), second = heap_.block(0x40, 40), other = heap_.block(0x80, 40);
  TypeId leaf = types_.structure("Leaf", 32, {{.name = "n", .type = number_}});
  TypeId root = types_.structure("Root", 24, {{.name = "id", .type = number_}});
  types_.set_members(root, {{.name = "id", .type = number_},
                            {.name = "leaf", .type = types_.pointer(leaf), .offset = 8},
                            {.name = "any", .type = types_.pointer({}), .offset = 16}});
  hold(0, root, heap_.address(first));
  heap_.point(first, second, 1);
  heap_.point(first, other, 2);
  Typing typing = find();
  EXPECT_EQ(type_of(typing, first), "Root");
  EXPECT_EQ(type_of(typing, second), "Leaf");
  EXPECT_EQ(typing.of(second).how, How::holder);
  EXPECT_EQ(typing.of(other).how, How::unknown);  // void* says nothing
  EXPECT_EQ(typing.of(other).percent, 0);
  ASSERT_EQ(typing.census().size(), 3u);
  EXPECT_EQ(typing.find_type("Leaf"), typing.of(second).type);
  EXPECT_EQ(typing.find_type("Nobody"), 0u);
}

TEST_F(TypingTest, GarbageAndMiddlesAreIgnored) {
  BlockId block = heap_.block(0, 24);
  TypeId large = types_.structure("Large", 200);
  TypeId fit = types_.structure("Fit", 24);
  hold(0, large, heap_.address(block));    // does not fit
  hold(1, fit, heap_.address(block) + 8);  // the middle
  hold(2, fit, 0x1234567);
  EXPECT_EQ(find().of(block).type, 0u);
}

TEST_F(TypingTest, OnlyWhatAVectorUsesIsFollowed) {
  BlockId table = heap_.block(0, 64);
  BlockId used = heap_.block(0x80, 24), stale = heap_.block(0xc0, 24);
  TypeId leaf = types_.structure("Leaf", 24);
  TypeId entry = types_.structure(
      "Entry", 16,
      {{.name = "leaf", .type = types_.pointer(leaf)}, {.name = "n", .type = number_}});
  TypeId to = types_.pointer(entry);
  TypeId vector = types_.structure("Vector", 24,
                                   {{.name = "begin", .type = to},
                                    {.name = "end", .type = to, .offset = 8},
                                    {.name = "last", .type = to, .offset = 16}});
  types_.global("g", vector, TestHeap::kData - TestHeap::kCode);
  heap_.put(TestHeap::kData, heap_.address(table));
  heap_.put(TestHeap::kData + 8, heap_.address(table) + 32);
  heap_.put(TestHeap::kData + 16, heap_.address(table) + 64);
  heap_.point(table, used, 2);
  heap_.point(table, stale, 6);
  Typing typing = find();
  EXPECT_EQ(type_of(typing, table), "Entry");
  EXPECT_TRUE(typing.of(table).is_array);
  EXPECT_EQ(type_of(typing, used), "Leaf");
  EXPECT_EQ(typing.of(stale).type, 0u);
}

TEST_F(TypingTest, ArraysBehindTheirCount) {
  BlockId array = heap_.block(0, 88);
  BlockId leaf = heap_.block(0x80, 24);
  TypeId item = types_.structure(
      "Item", 16,
      {{.name = "leaf", .type = types_.pointer(types_.structure("Leaf", 24)), .offset = 8}});
  heap_.put(heap_.address(array), 5);
  heap_.point(array, leaf, 2 + 8);  // the last element
  hold(0, item, heap_.address(array) + 8);
  Typing typing = find();
  EXPECT_EQ(type_of(typing, array), "Item");
  EXPECT_TRUE(typing.of(array).is_array && typing.of(array).behind_count);
  EXPECT_EQ(type_of(typing, leaf), "Leaf");
  EXPECT_EQ(typing.census()[0].objects, 5u);
}

TEST_F(TypingTest, NodesAreKnownBetterThanTheirBases) {
  BlockId node = heap_.block(0, 40), next = heap_.block(0x40, 40);
  TypeId base = types_.structure("std::__detail::_List_node_base", 16);
  TypeId to_base = types_.pointer(base);
  types_.set_members(base, {{.name = "_M_next", .type = to_base},
                            {.name = "_M_prev", .type = to_base, .offset = 8}});
  types_.structure(
      "std::_List_node<Foo>", 40,
      {{.type = base, .is_base = true}, {.name = "_M_storage", .type = number_, .offset = 16}});
  TypeId header =
      types_.structure("std::__detail::_List_node_header", 24, {{.type = base, .is_base = true}});
  TypeId impl = types_.structure("Impl", 24, {{.name = "_M_node", .type = header}});
  TypeId list = types_.structure("std::__cxx11::_List_base<Foo, std::allocator<Foo> >", 24,
                                 {{.name = "_M_impl", .type = impl}});
  types_.global("messages", list, TestHeap::kData - TestHeap::kCode);
  hold(8, base, heap_.address(next));  // an iterator: the base is all it says
  heap_.put(TestHeap::kData, heap_.address(node));
  heap_.point(node, next, 0);
  heap_.put(heap_.address(next), TestHeap::kData);
  Typing typing = find();
  EXPECT_EQ(type_of(typing, node), "std::_List_node<Foo>");
  EXPECT_EQ(typing.of(node).how, How::container);
  EXPECT_EQ(type_of(typing, next), "std::_List_node<Foo>");
  EXPECT_EQ(typing.conflict_count(), 0u);
}

TEST_F(TypingTest, VirtualTablesWinAndLeadOn) {
  BlockId object = heap_.block(0, 24), leaf = heap_.block(0x40, 24), dead = heap_.block(0x80, 24);
  BlockId unknown = heap_.block(0xc0, 56);
  TypeId vptr = types_.pointer({});
  TypeId shape =
      types_.structure("Shape", 16, {{.name = "_vptr", .type = vptr, .is_artificial = true}});
  types_.structure(
      "game::Square", 24,
      {{.type = shape, .is_base = true},
       {.name = "leaf", .type = types_.pointer(types_.structure("Leaf", 24)), .offset = 16}});
  hold(0, shape, heap_.address(object));
  hold(1, shape, heap_.address(dead));  // no table there: it was destroyed
  heap_.put(heap_.address(object), table(TestHeap::kConstants + 0x100, "N4game6SquareE"));
  heap_.point(object, leaf, 2);
  heap_.put(heap_.address(unknown), table(TestHeap::kConstants + 0x300, "N4game6HiddenE"));
  symbols_[TestHeap::kConstants + 0x110] = "vtable for game::Square";
  Typing typing = find();
  EXPECT_EQ(type_of(typing, object), "game::Square");
  EXPECT_EQ(typing.of(object).how, How::virtual_table);
  EXPECT_EQ(type_of(typing, leaf), "Leaf");
  EXPECT_EQ(typing.of(dead).type, 0u);
  EXPECT_EQ(type_of(typing, unknown), "game::Hidden");
  EXPECT_EQ(typing.of(unknown).how, How::rtti);
}

TEST_F(TypingTest, ASecondTableIsNoObjectOfItsOwn) {
  BlockId block = heap_.block(0, 24);
  heap_.put(heap_.address(block), table(TestHeap::kConstants + 0x100, "N4game6SquareE", -16));
  EXPECT_EQ(find().of(block).type, 0u);
}

TEST_F(TypingTest, GlobalsOutweighLocals) {
  BlockId block = heap_.block(0, 24), other = heap_.block(0x40, 24);
  TypeId good = types_.structure("Good", 24), stale = types_.structure("Stale", 24);
  hold(0, good, heap_.address(block));
  heap_.put(TestHeap::kSp + 8, heap_.address(block));
  heap_.put(TestHeap::kSp + 16, heap_.address(other));
  TypeId pointer = types_.pointer(stale);
  Typing typing = find({{.at = {TestHeap::kSp + 8}, .type = pointer, .reader = &types_},
                        {.at = {TestHeap::kSp + 16}, .type = pointer, .reader = &types_}});
  EXPECT_EQ(type_of(typing, block), "Good");
  EXPECT_EQ(type_of(typing, other), "Stale");
  EXPECT_LT(typing.of(other).percent, typing.of(block).percent);
  EXPECT_EQ(typing.places().size(), 3u);
}

TEST_F(TypingTest, ConflictsAreKept) {
  BlockId block = heap_.block(0, 24);
  hold(0, types_.structure("One", 24), heap_.address(block));
  hold(1, types_.structure("Other", 24), heap_.address(block));
  Typing typing = find();
  EXPECT_EQ(type_of(typing, block), "One");
  ASSERT_EQ(typing.conflict_count(), 1u);
  EXPECT_EQ(typing.types()[typing.conflicts()[0].other].name, "Other");
}

TEST_F(TypingTest, TextIsTextAndOtherBytesAreChars) {
  BlockId text = heap_.block(0, 24), bytes = heap_.block(0x40, 24), alone = heap_.block(0x80, 24);
  for (BlockId block : {text, alone}) {
    heap_.put(heap_.address(block), 0x6874206f6c6c6568);
    heap_.put(heap_.address(block) + 8, 0x0000000065726568);
  }
  heap_.put(heap_.address(bytes), 0x8182838485868788);
  hold(0, char_, heap_.address(text));
  hold(1, char_, heap_.address(bytes));
  Typing typing = find();
  EXPECT_EQ(type_of(typing, text), "text");
  EXPECT_EQ(type_of(typing, bytes), "char");
  EXPECT_EQ(type_of(typing, alone), "text");
  EXPECT_GT(typing.of(text).percent, typing.of(alone).percent);
}

TEST_F(TypingTest, UnionsSayLittle) {
  BlockId block = heap_.block(0, 24), other = heap_.block(0x40, 24);
  TypeId sure = types_.structure("Sure", 24), maybe = types_.structure("Maybe", 24);
  TypeId both =
      types_.add({.kind = symbols::TypeKind::union_, .name = "U", .size = 8},
                 {{.name = "p", .type = types_.pointer(maybe)}, {.name = "n", .type = number_}});
  types_.global("u", both, TestHeap::kData - TestHeap::kCode);
  types_.global("v", both, TestHeap::kData + 8 - TestHeap::kCode);
  heap_.put(TestHeap::kData, heap_.address(block));
  heap_.put(TestHeap::kData + 8, heap_.address(other));
  hold(4, sure, heap_.address(block));
  Typing typing = find();
  EXPECT_EQ(type_of(typing, block), "Sure");
  EXPECT_EQ(type_of(typing, other), "Maybe");
  EXPECT_LE(typing.of(other).percent, 75);
}

TEST_F(TypingTest, TreesAndListsWithoutTypes) {
  std::vector<BlockId> tree;
  for (unsigned i = 0; i < 7; ++i) tree.push_back(heap_.block(i * 0x60, 56));
  for (unsigned i = 0; i < 3; ++i) {  // red-black: colour, parent, left, right
    heap_.point(tree[i], tree[2 * i + 1], 2);
    heap_.point(tree[i], tree[2 * i + 2], 3);
    heap_.point(tree[2 * i + 1], tree[i], 1);
    heap_.point(tree[2 * i + 2], tree[i], 1);
  }
  heap_.put(heap_.address(tree[0]) + 8, TestHeap::kData);
  std::vector<BlockId> list;
  for (unsigned i = 0; i < 4; ++i) list.push_back(heap_.block(0x1000 + i * 0x40, 40));
  for (unsigned i = 0; i < 4; ++i) {
    heap_.point(list[i], list[(i + 1) % 4], 0);
    heap_.point(list[(i + 1) % 4], list[i], 1);
  }
  Typing typing = find();
  for (BlockId block : tree) EXPECT_EQ(type_of(typing, block), "tree node") << block;
  for (BlockId block : list) EXPECT_EQ(type_of(typing, block), "list node") << block;
  EXPECT_EQ(typing.of(list[0]).how, How::shape);
}

TEST_F(TypingTest, ChainsOfATableOfBuckets) {
  BlockId table = heap_.block(0, 256);
  std::vector<BlockId> nodes;
  for (unsigned i = 0; i < 12; ++i) nodes.push_back(heap_.block(0x200 + i * 0x40, 40));
  for (unsigned i = 0; i + 1 < 12; ++i) heap_.point(nodes[i], nodes[i + 1], 0);
  for (unsigned i = 0; i < 9; ++i) heap_.point(table, nodes[i], 3 * i);
  heap_.put(heap_.address(table) + 8 * 31, TestHeap::kData + 16);  // the container itself
  Typing typing = find();
  EXPECT_EQ(type_of(typing, table), "table of pointers");
  for (BlockId node : nodes) EXPECT_EQ(type_of(typing, node), "chain node") << node;
}

TEST_F(TypingTest, NothingToTypeIsFine) {
  Typing typing = find();
  EXPECT_TRUE(typing.census().empty());
  EXPECT_EQ(typing.of(5).type, 0u);
}

TEST(Spelling, OfArguments) {
  EXPECT_EQ(plain_spelling("A<unsigned long, 5ul>"), plain_spelling("A<long unsigned int, 5>"));
  EXPECT_EQ(plain_spelling("A<B<int> >"), plain_spelling("A<B<int>>"));
  EXPECT_EQ(plain_spelling("A<const B*>"), plain_spelling("A<const B *>"));
  EXPECT_NE(plain_spelling("A<unsigned char>"), plain_spelling("A<unsignedchar>"));
  EXPECT_NE(plain_spelling("A<int>"), plain_spelling("A<long>"));
}

TEST(Text, IsToldFromNumbers) {
  auto kind = [](std::string_view text) { return block_text(std::as_bytes(std::span(text))); };
  using namespace std::string_view_literals;
  EXPECT_EQ(kind("hello, world\0\0\0\0"sv), BlockText::narrow);
  EXPECT_EQ(kind("gr\xc3\xbc\xc3\x9f dich\0"sv), BlockText::narrow);
  EXPECT_EQ(kind("abc\0\0\0\0\0\0\0\0\0"sv), BlockText::none);
  EXPECT_EQ(kind("abcdef\x01\x02"sv), BlockText::none);
  EXPECT_EQ(kind("h\0e\0l\0l\0o\0\0\0"sv), BlockText::utf16);
  EXPECT_EQ(kind("\0\0\0\0\0\0\0\0"sv), BlockText::none);
  EXPECT_EQ(kind(""sv), BlockText::none);
}

TEST(Text, StandsBehindItsLength) {
  auto kind = [](std::string_view text) { return block_text(std::as_bytes(std::span(text))); };
  using namespace std::string_view_literals;
  EXPECT_EQ(kind("\x40user:123\0\0\0\0\0\0"sv), BlockText::narrow);  // 8 << 3
  EXPECT_EQ(kind("\x06\x07\x01gr\xc3\xbc\xc3\x9f\0\0\0"sv), BlockText::narrow);
  EXPECT_EQ(kind("\x05\0\x05\0\x02there\0"sv), BlockText::narrow);
  EXPECT_EQ(kind("\x88user:123\0\0\0\0\0\0"sv), BlockText::none);              // ends elsewhere
  EXPECT_EQ(kind("\x06\x05\x01gr\xc3\xbc\xc3\x9f\0\0\0"sv), BlockText::none);  // no room
  EXPECT_EQ(kind("\x05\0\xff\xff\x02there\0"sv), BlockText::none);
  EXPECT_EQ(kind("\x18\x61\x62\x63\0\0\0\0"sv), BlockText::none);  // three characters
  EXPECT_EQ(kind("\x05\x05\x01the\x01re\0\0"sv), BlockText::none);
}

}  // namespace
}  // namespace inquest::objects
