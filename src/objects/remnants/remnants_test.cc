#include "objects/remnants.h"

#include <gtest/gtest.h>

#include "objects/types/test_typing.h"

namespace inquest::objects {
namespace {

using heap::State;

/// A class with a virtual table that points to another of its kind, and one without.
class RemnantsTest : public testing::Test, protected TypedProgram {
 protected:
  RemnantsTest() {
    // Symbols name no table; the type information does.
    guild_table_ = table(TestHeap::kConstants + 0x100, "5Guild");
    auto byte = number_;
    vptr_ = types_.pointer(byte);
    guild_ = types_.structure("Guild", 32);
    types_.set_members(guild_, {{.name = "_vptr.Guild", .type = vptr_, .is_artificial = true},
                                {.name = "next", .type = types_.pointer(guild_), .offset = 8},
                                {.name = "id", .type = number_, .offset = 16}});
    user_ = types_.structure("User", 32,
                             {{.name = "guild", .type = types_.pointer(guild_)},
                              {.name = "next", .type = types_.pointer(guild_), .offset = 16}});
  }
  std::vector<std::string> told(const Remnants& found) {
    std::vector<std::string> out;
    for (const Remnant& one : found.all) {
      out.push_back(std::string(name(one.place)) + " " + found.types[one.type].name + " " +
                    std::to_string(one.pointers));
    }
    return out;
  }

  uint64_t guild_table_;
  symbols::TypeId vptr_, guild_, user_;
};

TEST_F(RemnantsTest, ObjectsInAMappingThatNoAllocatorOwns) {
  heap_.block(0, 64);
  const uint64_t pool = TestHeap::kMapping + 0x100;
  for (unsigned i = 0; i < 3; ++i) heap_.put(pool + 64 * i, guild_table_);
  // A pointer that leads nowhere: no object of the class.
  heap_.put(pool + 0x1000, guild_table_);
  heap_.put(pool + 0x1008, 0x1234567800);
  const Remnants found = remnants(find());
  ASSERT_EQ(found.all.size(), 3u);
  EXPECT_EQ(found.all[0].at, Address{pool});
  EXPECT_EQ(found.all[0].place, RemnantPlace::mapping);
  EXPECT_EQ(found.types[found.all[0].type].name, "Guild");
  EXPECT_EQ(found.all[0].size, 32u);
  EXPECT_EQ(found.all[0].how, How::rtti);
  EXPECT_EQ(found.all[0].percent, 80);
  EXPECT_FALSE(found.is_cut);
  EXPECT_EQ(remnants(find(), {.most_bytes = 1}).all.size(), 0u);
  EXPECT_TRUE(remnants(find(), {.most_bytes = 1}).skipped_outside);
  EXPECT_TRUE(remnants(find(), {.most = 2}).is_cut);
}

TEST_F(RemnantsTest, ObjectsInDataAndInsideOfBlocks) {
  const BlockId slab = heap_.block(0, 4096);
  heap_.put(heap_.address(slab) + 256, guild_table_);
  heap_.put(TestHeap::kData + 0x800, guild_table_);
  EXPECT_EQ(told(remnants(find())), (std::vector<std::string>{"data Guild 0", "inside Guild 0"}));
}

TEST_F(RemnantsTest, FreedObjectsThatAreStillPointedTo) {
  const BlockId user = heap_.block(0, 32), freed = heap_.block(64, 32, State::cached);
  heap_.block(128, 32, State::cached);
  hold(0, user_, heap_.address(user));
  heap_.point(user, freed);
  const Remnants found = remnants(find());
  ASSERT_EQ(told(found), (std::vector<std::string>{"freed Guild 1"}));
  const Remnant& one = found.all[0];
  EXPECT_EQ(one.at.value, heap_.address(freed));
  EXPECT_EQ(one.how, How::holder);
  ASSERT_TRUE(one.pointer);
  EXPECT_EQ(one.pointer->block, user);
  EXPECT_EQ(one.pointer->offset, 0u);
  EXPECT_TRUE(remnants(find(), {.freed = false}).all.empty());
  EXPECT_TRUE(remnants(find(), {.most_blocks = 1}).skipped_freed);
}

TEST_F(RemnantsTest, ABlockThatIsTooSmallIsNotTheObject) {
  const BlockId user = heap_.block(0, 32), freed = heap_.block(64, 24, State::cached);
  hold(0, user_, heap_.address(user));
  heap_.point(user, freed);
  EXPECT_TRUE(remnants(find()).all.empty());
}

TEST_F(RemnantsTest, TablesLeftInBlocksThatWereMerged) {
  const BlockId freed = heap_.block(0, 256, State::free);
  const uint64_t at = heap_.address(freed) + 64;
  heap_.put(at, guild_table_);
  heap_.block(512, 64);
  const Remnants found = remnants(find());
  ASSERT_EQ(told(found), (std::vector<std::string>{"freed Guild 0"}));
  EXPECT_EQ(found.all[0].at.value, at);
  EXPECT_EQ(found.all[0].container.begin.value, heap_.address(freed));
  EXPECT_LE(found.all[0].percent, 70);
}

TEST_F(RemnantsTest, WhatAVectorHasBehindItsEndIsNoPointer) {
  auto list = types_.structure(
      "List", 24,
      {{.name = "begin", .type = types_.pointer(types_.pointer(guild_))},
       {.name = "end", .type = types_.pointer(types_.pointer(guild_)), .offset = 8},
       {.name = "room", .type = types_.pointer(types_.pointer(guild_)), .offset = 16}});
  const BlockId head = heap_.block(0, 24), buffer = heap_.block(64, 32),
                in_use = heap_.block(128, 32, State::cached),
                behind = heap_.block(192, 32, State::cached);
  hold(0, list, heap_.address(head));
  heap_.point(head, buffer);
  heap_.put(heap_.address(head) + 8, heap_.address(buffer) + 16);
  heap_.put(heap_.address(head) + 16, heap_.address(buffer) + 32);
  heap_.point(buffer, in_use, 1);
  heap_.point(buffer, behind, 2);
  const Remnants found = remnants(find());
  ASSERT_EQ(told(found), (std::vector<std::string>{"freed Guild 1"}));
  EXPECT_EQ(found.all[0].at.value, heap_.address(in_use));
  ASSERT_TRUE(found.all[0].vector);
  EXPECT_EQ(found.all[0].vector->block, head);
}

TEST_F(RemnantsTest, AWeakPointerMayBeStale) {
  auto weak = types_.structure("std::weak_ptr<Guild>", 16,
                               {{.name = "_M_ptr", .type = types_.pointer(guild_)}});
  auto holder = types_.structure("Holder", 32, {{.name = "seen", .type = weak, .offset = 8}});
  const BlockId block = heap_.block(0, 32), freed = heap_.block(64, 32, State::cached);
  hold(0, holder, heap_.address(block));
  heap_.point(block, freed, 1);
  EXPECT_TRUE(remnants(find()).all.empty());
}

}  // namespace
}  // namespace inquest::objects
