// Virtual tables and type information of Microsoft's ABI, built word by word, and damaged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "objects/test_heap.h"
#include "objects/test_types.h"
#include "objects/types/dynamic_type.h"
#include "objects/types/microsoft_rtti.h"
#include "objects/typing.h"

namespace inquest::objects {
namespace {

using symbols::Member;
using symbols::TypeId;

constexpr uint64_t kImage = TestHeap::kCode;

class MicrosoftTest : public testing::TestWithParam<snapshot::Arch> {
 protected:
  MicrosoftTest() : heap_(GetParam()) { heap_.process().os = snapshot::Os::windows; }

  bool is_64() const { return GetParam() == snapshot::Arch::x86_64; }
  unsigned word() const { return is_64() ? 8 : 4; }
  /// As locators have it.
  uint32_t reference(uint64_t at) const {
    return static_cast<uint32_t>(is_64() ? at - kImage : at);
  }
  void put32(uint64_t at, uint32_t value) {
    const uint64_t place = at & ~uint64_t{word() - 1};
    if (!is_64()) return heap_.put(place, value);
    const unsigned shift = at % 8 == 4 ? 32 : 0;
    words_[place] = (words_[place] & ~(uint64_t{0xffffffff} << shift)) | uint64_t{value} << shift;
    heap_.put(place, words_[place]);
  }
  void put_text(uint64_t at, const char* text) {
    for (size_t i = 0; i < std::strlen(text) + 1; i += word()) {
      uint64_t value = 0;
      std::memcpy(&value, text + i, std::min<size_t>(word(), std::strlen(text) + 1 - i));
      heap_.put(at + i, value);
    }
  }
  /// A virtual table in the 0x100 bytes from `at`.
  uint64_t table(uint64_t at, const char* mangled, uint32_t offset = 0) {
    const uint64_t locator = at + 0x20, hierarchy = at + 0x40, array = at + 0x50, base = at + 0x58;
    const uint64_t descriptor = at + 0x80;
    heap_.put(at, locator);
    heap_.put(at + word(), kImage + 0x10);
    const uint32_t words[] = {
        is_64() ? 1u : 0u, offset, 0, reference(descriptor), reference(hierarchy),
        reference(locator)};
    for (unsigned i = 0; i < 6; ++i) put32(locator + 4 * i, words[i]);
    put32(hierarchy + 8, 1);
    put32(hierarchy + 12, reference(array));
    put32(array, reference(base));
    put32(base, reference(descriptor));
    put_text(descriptor + 2 * word(), mangled);
    return at + word();
  }
  Typing find(TestTypes* types = nullptr) {
    references_.emplace(heap_.find());
    modules_ = {{.module = &heap_.process().modules.front(), .types = types}};
    modules_.front().symbol_begin = [this](Address at) { return symbols_[at.value]; };
    return Typing::find({.process = heap_.process(),
                         .heaps = heap_.heaps(),
                         .references = *references_,
                         .modules = modules_,
                         .containers = Descriptions::built_in()});
  }
  std::string type_of(const Typing& typing, BlockId block) {
    return typing.types()[typing.of(block).type].name;
  }

  TestHeap heap_;
  std::map<uint64_t, uint64_t> words_;
  std::map<uint64_t, std::string> symbols_;
  std::optional<References> references_;
  std::vector<ModuleTypes> modules_;
};

TEST_P(MicrosoftTest, reads_the_locator) {
  const uint64_t guild = table(TestHeap::kConstants, ".?AVGuild@game@@", 2 * word());
  heap_.find();
  auto found = microsoft_class(heap_.process(), {guild});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "game::Guild");
  EXPECT_EQ(found->mangled, ".?AVGuild@game@@");
  EXPECT_EQ(found->offset, 2 * word());
  EXPECT_FALSE(microsoft_class(heap_.process(), {guild + word()}));
  EXPECT_FALSE(microsoft_class(heap_.process(), {0}));
  heap_.process().os = snapshot::Os::linux;
  EXPECT_FALSE(microsoft_class(heap_.process(), {guild}));
}

TEST_P(MicrosoftTest, believes_no_locator_that_contradicts_itself) {
  const uint64_t at = TestHeap::kConstants;
  const struct {
    const char* what;
    uint64_t place;
    uint32_t value;
  } damages[] = {
      {"signature", 0x20, 7},
      {"offset", 0x24, 0x90000000},
      {"offset that is not aligned", 0x24, 3},
      {"descriptor outside", 0x20 + 12, 0x7fffffff},
      {"no descriptor", 0x20 + 12, 0},
      {"hierarchy outside", 0x20 + 16, 0x7ffffff0},
      {"no bases", 0x40 + 8, 0},
      {"too many bases", 0x40 + 8, 0xffffffff},
      {"array outside", 0x40 + 12, 0x7ffffff0},
      {"first base outside", 0x50, 0x7ffffff0},
      {"another's first base", 0x58, reference(at + 0x90)},
      {"no class's name", 0x80 + 2 * word(), 0x41414141},
  };
  for (const auto& damage : damages) {
    const uint64_t guild = table(at, ".?AVGuild@game@@");
    put32(at + damage.place, damage.value);
    heap_.find();
    EXPECT_FALSE(microsoft_class(heap_.process(), {guild})) << damage.what;
  }
  const uint64_t guild = table(at, ".?AVGuild@game@@");
  if (is_64()) put32(at + 0x20 + 20, 0x10);  // it does not know where it lies itself
  heap_.find();
  EXPECT_EQ(microsoft_class(heap_.process(), {guild}).has_value(), !is_64());
}

TEST_P(MicrosoftTest, finds_the_full_object_from_a_base) {
  const uint64_t first = table(TestHeap::kConstants, ".?AVPlayer@game@@");
  const uint64_t second = table(TestHeap::kConstants + 0x100, ".?AVPlayer@game@@", 2 * word());
  const BlockId block = heap_.next_block();
  heap_.put(heap_.address(block), first);
  heap_.put(heap_.address(block) + 2 * word(), second);
  heap_.find();
  for (uint64_t offset : {uint64_t{0}, uint64_t{2 * word()}}) {
    auto found = dynamic_type({heap_.process(), {}}, {heap_.address(block) + offset});
    ASSERT_TRUE(found) << offset;
    EXPECT_EQ(found->name, "game::Player");
    EXPECT_EQ(found->begin.value, heap_.address(block));
  }
}

TEST_P(MicrosoftTest, types_blocks_by_it) {
  const uint64_t guild = table(TestHeap::kConstants, ".?AVGuild@game@@");
  const uint64_t box = table(TestHeap::kConstants + 0x100, ".?AU?$Box@PEAVItem@game@@@game@@");
  const BlockId a = heap_.next_block(), b = heap_.next_block(), none = heap_.next_block();
  heap_.put(heap_.address(a), guild);
  heap_.put(heap_.address(b), box);
  heap_.put(heap_.address(none), guild + word());
  const Typing typing = find();
  EXPECT_EQ(type_of(typing, a), "game::Guild");
  EXPECT_EQ(typing.of(a).how, How::rtti);
  EXPECT_EQ(type_of(typing, b), "game::Box<game::Item *>");
  EXPECT_EQ(typing.of(none).type, 0u);
}

/// An object whose only table is that of a virtual base begins with the pointer to its vbtable.
TEST_P(MicrosoftTest, finds_virtual_bases) {
  const uint64_t ghost = table(TestHeap::kConstants, ".?AVGhost@game@@", 48);
  const uint64_t vbtable = TestHeap::kConstants + 0x200;
  put32(vbtable, 0);
  put32(vbtable + 4, 48);
  const BlockId whole = heap_.next_block(), elsewhere = heap_.next_block();
  heap_.put(heap_.address(whole), vbtable);
  heap_.put(heap_.address(whole) + 48, ghost);
  heap_.put(heap_.address(elsewhere), vbtable);
  heap_.put(heap_.address(elsewhere) + 40, ghost);
  const Typing typing = find();
  EXPECT_EQ(type_of(typing, whole), "game::Ghost");
  EXPECT_EQ(typing.of(elsewhere).type, 0u);
}

TEST_P(MicrosoftTest, counts_arrays_whose_element_has_no_known_size) {
  const uint64_t widget = table(TestHeap::kConstants, ".?AVWidget@game@@");
  const unsigned stride = 3 * word();
  const BlockId array = heap_.block(0, word() + 4 * stride);
  const BlockId broken = heap_.block(0x400, word() + 4 * stride);
  for (BlockId id : {array, broken}) {
    heap_.put(heap_.address(id), 4);
    for (unsigned i = 0; i < 4; ++i) heap_.put(heap_.address(id) + word() + i * stride, widget);
  }
  heap_.put(heap_.address(broken) + word() + 2 * stride, 0);
  const Typing typing = find();
  EXPECT_EQ(type_of(typing, array), "game::Widget");
  EXPECT_TRUE(typing.of(array).is_array);
  EXPECT_TRUE(typing.of(array).behind_count);
  EXPECT_EQ(typing.of(broken).type, 0u);
}

INSTANTIATE_TEST_SUITE_P(Words, MicrosoftTest,
                         testing::Values(snapshot::Arch::x86_64, snapshot::Arch::x86),
                         [](const auto& one) {
                           return one.param == snapshot::Arch::x86 ? "bits_32" : "bits_64";
                         });

/// Without type information: a `{for ...}` lies where debug information says its base does.
class MicrosoftSymbols : public MicrosoftTest {};

TEST_P(MicrosoftSymbols, say_where_bases_lie) {
  TestTypes types;
  const TypeId named =
      types.structure("game::Named", 16, {{.name = "__vfptr", .is_artificial = true}});
  const TypeId scored =
      types.structure("game::Scored", 16, {{.name = "__vfptr", .is_artificial = true}});
  types.structure("game::Player", 40,
                  {{.type = named, .offset = 0, .is_base = true},
                   {.type = scored, .offset = 16, .is_base = true}});
  const uint64_t first = TestHeap::kConstants + 8, second = first + 0x20, folded = first + 0x40;
  for (uint64_t at : {first, second, folded}) heap_.put(at, kImage + 0x10);
  symbols_[first] = "const game::Player::`vftable'{for `game::Named'}";
  symbols_[second] = "const game::Player::`vftable'{for `game::Scored'}";
  const BlockId a = heap_.block(0, 40), b = heap_.block(0x100, 40), none = heap_.block(0x200, 40);
  heap_.put(heap_.address(a), first);
  heap_.put(heap_.address(b) + 16, second);
  heap_.put(heap_.address(none), second);
  heap_.put(heap_.address(none) + 16, folded);
  const Typing typing = find(&types);
  EXPECT_EQ(type_of(typing, a), "game::Player");
  EXPECT_EQ(typing.of(a).how, How::virtual_table);
  EXPECT_EQ(type_of(typing, b), "game::Player");
  EXPECT_EQ(typing.of(none).type, 0u);
}

INSTANTIATE_TEST_SUITE_P(Words, MicrosoftSymbols, testing::Values(snapshot::Arch::x86_64));

TEST(MicrosoftName, is_as_people_write_it) {
  EXPECT_EQ(microsoft_name(".?AVGuild@game@@"), "game::Guild");
  EXPECT_EQ(microsoft_name(".?AVHidden@?A0xC9DDFB4E@@"), "`anonymous namespace'::Hidden");
  EXPECT_EQ(microsoft_name(".?AW4Color@game@@"), "");
  EXPECT_EQ(microsoft_name(".H"), "");
  EXPECT_EQ(microsoft_name(".?AV"), "");
  EXPECT_EQ(without_class_keywords("class a::b<struct c,enum d> "), "a::b<c,d> ");
}

}  // namespace
}  // namespace inquest::objects
