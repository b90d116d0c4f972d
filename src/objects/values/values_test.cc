#include "objects/values.h"

#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include "objects/values/text.h"

namespace inquest::objects {
namespace {

using symbols::Encoding;
using symbols::Member;
using symbols::Type;
using symbols::TypeId;
using symbols::TypeKind;
using testing::HasSubstr;

/// Types said in the test, not read from anywhere.
class SaidTypes final : public symbols::TypeReader {
 public:
  TypeId add(Type type, std::vector<Member> members = {}) {
    all_.push_back(std::move(type));
    members_.push_back(std::move(members));
    return {all_.size()};
  }
  void set_members(TypeId id, std::vector<Member> members) { members_[id.value - 1] = members; }
  Type type(TypeId id) const override { return id ? all_[id.value - 1] : Type{}; }
  std::vector<Member> members(TypeId id) const override { return members_[id.value - 1]; }
  std::vector<symbols::Enumerator> enumerators(TypeId) const override { return {}; }
  TypeId find(std::string_view name) const override {
    for (size_t i = 0; i < all_.size(); ++i)
      if (all_[i].name == name) return {i + 1};
    return {};
  }
  std::vector<symbols::Variable> variables_at(Rva, const symbols::FrameAccess&) const override {
    return {};
  }
  std::optional<Global> global_at(Rva) const override { return {}; }
  std::vector<Global> globals(std::string_view) const override { return {}; }
  std::vector<TypeId> instances(std::string_view) const override { return {}; }
  void each_global(const std::function<void(const Global&)>&) const override {}

 private:
  std::vector<Type> all_;
  std::vector<std::vector<Member>> members_;
};

/// game::List<int> { Node* head; long count; } and game::Node { Node* next; int value; }.
class Chains : public testing::Test {
 protected:
  static constexpr uint64_t kList = 0x1000, kNodes = 0x2000;

  void SetUp() override {
    int_ = types_.add(
        {.kind = TypeKind::base, .name = "int", .size = 4, .encoding = Encoding::signed_});
    long_ = types_.add(
        {.kind = TypeKind::base, .name = "long", .size = 8, .encoding = Encoding::signed_});
    node_ = types_.add({.kind = TypeKind::class_, .name = "game::Node", .size = 16});
    TypeId pointer = types_.add({.kind = TypeKind::pointer, .size = 8, .target = node_});
    types_.set_members(
        node_, {{.name = "next", .type = pointer}, {.name = "value", .type = int_, .offset = 8}});
    list_ = types_.add(
        {.kind = TypeKind::class_, .name = "game::List<int>", .size = 16},
        {{.name = "head", .type = pointer}, {.name = "count", .type = long_, .offset = 8}});
    auto parsed = Descriptions::parse(
        "inquest-types 1\nclass game::List<$T>\n  count count\n  list head\n  next next\n  item "
        "value\n"
        "class game::List<$T>\n  count no_such\n  array head\n",
        "test");
    ASSERT_TRUE(parsed) << parsed.error().line();
    descriptions_ = std::make_unique<Descriptions>(std::move(*parsed));
  }

  void word(uint64_t at, uint64_t value) {
    std::memcpy((at < kNodes ? list_bytes_ + (at - kList) : node_bytes_ + (at - kNodes)), &value,
                8);
  }
  void chain(uint64_t nodes, uint64_t count) {
    word(kList, nodes ? kNodes : 0);
    word(kList + 8, count);
    for (uint64_t i = 0; i < nodes; ++i) {
      word(kNodes + i * 16, i + 1 < nodes ? kNodes + (i + 1) * 16 : 0);
      word(kNodes + i * 16 + 8, i * 10);
    }
  }
  Elements read(const ElementLimits& limits = {}) {
    memory_ = {};
    memory_.add({kList}, list_bytes_, snapshot::Origin::dump, nullptr);
    memory_.add({kNodes}, node_bytes_, snapshot::Origin::dump, nullptr);
    ElementReader reader({memory_, types_, *descriptions_});
    auto found = reader.elements({{kList}, {list_, 0}}, limits);
    EXPECT_TRUE(found);
    return found.value_or(Elements{});
  }

  SaidTypes types_;
  TypeId int_, long_, node_, list_;
  std::unique_ptr<Descriptions> descriptions_;
  snapshot::Memory memory_;
  std::byte list_bytes_[16] = {}, node_bytes_[1600] = {};
};

TEST_F(Chains, GiveTheirItems) {
  chain(3, 3);
  Elements found = read();
  ASSERT_EQ(found.elements.size(), 3u);
  EXPECT_EQ(found.elements[2].object.at, (Address{kNodes + 2 * 16 + 8}));
  EXPECT_EQ(found.elements[2].object.type.id, int_);
  EXPECT_EQ(found.damage, "");
  chain(0, 0);
  EXPECT_EQ(read().damage, "");
}

TEST_F(Chains, AreComparedWithTheirCount) {
  chain(5, 7);
  EXPECT_THAT(read().damage, HasSubstr("its count is 7, and 5 were found"));
  chain(5, UINT64_MAX);
  EXPECT_THAT(read().damage, HasSubstr("negative"));
}

TEST_F(Chains, ThatGoRoundEnd) {
  chain(100, 100);
  word(kNodes + 99 * 16, kNodes + 40 * 16);
  Elements found = read();
  EXPECT_THAT(found.damage, HasSubstr("circle"));
  EXPECT_GE(found.found, 100u);
  EXPECT_LE(found.found, 400u);
  word(kNodes, kNodes);
  EXPECT_THAT(read().damage, HasSubstr("circle"));
}

TEST_F(Chains, ThatLeaveTheDumpSayWhere) {
  chain(10, 10);
  word(kNodes + 4 * 16, 0x666000);
  Elements found = read();
  EXPECT_EQ(found.elements.size(), 5u);
  EXPECT_THAT(found.damage, HasSubstr("0x666000, which is not in the dump"));
}

TEST_F(Chains, AreCutByTheLimits) {
  chain(100, 100);
  Elements found = read({.elements = 4});
  EXPECT_EQ(found.elements.size(), 4u);
  EXPECT_TRUE(found.cut);
  EXPECT_EQ(found.found, 100u);
  EXPECT_EQ(found.damage, "");
  found = read({.visited = 10});
  EXPECT_EQ(found.found, 10u);
  EXPECT_EQ(found.damage, "");
}

TEST_F(Chains, AsValues) {
  chain(3, 3);
  read();
  ValueReader reader({memory_, types_, *descriptions_}, {.width = 2});
  Field field = reader.read({{kList}, {list_, 0}});
  EXPECT_EQ(field.value, "3 elements");
  ASSERT_EQ(field.fields.size(), 2u);
  EXPECT_EQ(field.fields[1].value, "10");
  EXPECT_EQ(field.note, "1 more are not shown");
  Field array = reader.read_array({{kNodes}, {node_, 0}}, 3);
  EXPECT_EQ(array.type, "game::Node [3]");
  EXPECT_EQ(array.fields[1].fields[1].value, "10");
}

TEST(Values, AClassThatIsItsOwnBaseEnds) {
  SaidTypes types;
  TypeId loop = types.add({.kind = TypeKind::class_, .name = "Loop", .size = 8});
  types.set_members(loop, {{.type = loop, .is_base = true}, {.type = loop, .is_base = true}});
  snapshot::Memory memory;
  ValueReader reader({memory, types, Descriptions::built_in()}, {.fields = 500});
  Field field = reader.read({{0x1000}, {loop, 0}});
  EXPECT_FALSE(field.fields.empty());
  ElementReader elements({memory, types, Descriptions::built_in()});
  EXPECT_FALSE(elements.elements({{0x1000}, {loop, 0}}));
}

std::string quoted(std::string_view text, unsigned unit = 1, bool is_cut = false) {
  return quote(std::as_bytes(std::span(text)), unit, "", is_cut).literal;
}

TEST(Texts, AreQuotedInTheirEncoding) {
  EXPECT_EQ(quoted("plain \"text\"\n"), "\"plain \\\"text\\\"\\n\"");
  EXPECT_EQ(quoted("한"), "\"한\"");
  EXPECT_EQ(quoted("\xc7\xd1\xb1\xdb"), "\"한글\"");
  EXPECT_EQ(quoted("a\xed\x95", 1, true), "\"a\"...");
  EXPECT_EQ(quoted("\xff\xfe"), "\"\\xff\\xfe\"");
  EXPECT_EQ(quoted({"a\0\x1b", 3}), "\"a\\0\\x1b\"");
  EXPECT_EQ(quoted({"\x00\xac\x3d\xd8\x00\xde\x00\xd8", 8}, 2), "\"가\U0001f600\\ud800\"");
  EXPECT_EQ(quoted({"\x00\xac\0\0\xff\xff\xff\x7f", 8}, 4), "\"가\\U7fffffff\"");
}

TEST(Texts, AreToldApart) {
  EXPECT_EQ(kind_of_text("text"), TextKind::ascii);
  EXPECT_EQ(kind_of_text("\xed\x95\x9c"), TextKind::utf8);
  EXPECT_EQ(kind_of_text("\xc7\xd1\xb1\xdb"), TextKind::cp949);
  EXPECT_EQ(kind_of_text("\xc7\xd1\xb1", true), TextKind::cp949);
  EXPECT_EQ(kind_of_text("\xed\x95", true), TextKind::utf8);
  EXPECT_EQ(kind_of_text("\xff\xff"), TextKind::bytes);
  EXPECT_EQ(kind_of_text(""), TextKind::ascii);
}

}  // namespace
}  // namespace inquest::objects
