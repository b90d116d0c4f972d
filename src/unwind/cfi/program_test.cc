#include "unwind/cfi/program.h"

#include <gtest/gtest.h>

#include "testkit/cfi.h"
#include "unwind/cfi/index.h"

namespace inquest::unwind {
namespace {

using snapshot::Arch;
using testkit::CfiProgram;
using testkit::CfiSection;
using testkit::CieSpec;
using Kind = RegisterRule::Kind;

constexpr uint64_t kVaddr = 0x4000;

struct Built {
  explicit Built(const CfiProgram& program, CieSpec cie = testkit::x64_cie(), bool eh = true)
      : section(eh, 8, kVaddr) {
    offset = section.fde(section.cie(cie), 0x1000, 0x100, program);
    frames = {.bytes = section.bytes(), .vaddr = kVaddr, .eh = eh};
  }
  Result<Row> at(uint64_t vaddr, Arch arch = Arch::x86_64) const {
    auto entry = read_fde(frames, offset);
    if (!entry) return tl::unexpected(entry.error());
    return decode_row(frames, *entry, arch, vaddr);
  }
  CfiSection section;
  size_t offset;
  FrameSection frames;
};

const RegisterRule* rule(const Row& row, unsigned reg) {
  for (const RegisterRule& rule : row.registers) {
    if (rule.reg == reg) return &rule;
  }
  return nullptr;
}

TEST(CfiProgram, FollowsAPrologue) {
  Built built(
      CfiProgram().advance(1).def_cfa_offset(16).offset(6, 2).advance(3).def_cfa_register(6));
  auto entry = built.at(0x1000);
  ASSERT_TRUE(entry) << entry.error().line();
  EXPECT_EQ(entry->cfa.reg, 7);
  EXPECT_EQ(entry->cfa.offset, 8);
  ASSERT_TRUE(rule(*entry, 16));
  EXPECT_EQ(rule(*entry, 16)->offset, -8);
  EXPECT_FALSE(rule(*entry, 6));

  auto pushed = built.at(0x1001);
  ASSERT_TRUE(pushed);
  EXPECT_EQ(pushed->cfa.offset, 16);
  EXPECT_EQ(rule(*pushed, 6)->offset, -16);
  auto body = built.at(0x10ff);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->cfa.reg, 6);
  EXPECT_EQ(body->begin, 0x1000u);
  EXPECT_EQ(body->end, 0x1100u);
  EXPECT_FALSE(built.at(0x1100));
}

TEST(CfiProgram, RemembersRestoresAndSkips) {
  Built built(CfiProgram()
                  .advance(1)
                  .def_cfa_offset(16)
                  .offset(6, 2)
                  .args_size(32)
                  .remember()
                  .advance(0x40)
                  .def_cfa_offset(8)
                  .restore(6)
                  .advance(0x10)
                  .recall());
  EXPECT_FALSE(rule(*built.at(0x1041), 6));
  EXPECT_EQ(built.at(0x1041)->cfa.offset, 8);
  EXPECT_EQ(built.at(0x1051)->cfa.offset, 16);
  EXPECT_TRUE(rule(*built.at(0x1051), 6));
}

TEST(CfiProgram, KnowsEveryKindOfRule) {
  const uint8_t expression[] = {0x77, 0x08};
  Built built(CfiProgram()
                  .undefined(0)
                  .same_value(3)
                  .val_offset(12, 1)
                  .in_register(13, 14)
                  .expression(15, expression)
                  .val_expression(6, expression)
                  .def_cfa_expression(expression)
                  .offset(40, 3));
  auto row = built.at(0x1000);
  ASSERT_TRUE(row) << row.error().line();
  EXPECT_EQ(rule(*row, 0)->kind, Kind::undefined);
  EXPECT_EQ(rule(*row, 3)->kind, Kind::same);
  EXPECT_EQ(rule(*row, 12)->kind, Kind::val_offset);
  EXPECT_EQ(rule(*row, 12)->offset, -8);
  EXPECT_EQ(rule(*row, 13)->other, 14);
  EXPECT_EQ(rule(*row, 15)->kind, Kind::expression);
  EXPECT_EQ(rule(*row, 6)->expression.size(), 2u);
  EXPECT_EQ(row->cfa.kind, CfaRule::Kind::expression);
  EXPECT_FALSE(rule(*row, 40)) << "registers that we do not follow are read past";
}

TEST(CfiProgram, ReadsAllAugmentationsAndVersions) {
  CieSpec full = testkit::x64_cie();
  full.augmentation = "zPLRS";
  auto row = Built(CfiProgram().def_cfa_offset(24), full).at(0x1000);
  ASSERT_TRUE(row) << row.error().line();
  EXPECT_TRUE(row->signal_frame);
  EXPECT_EQ(row->cfa.offset, 24);

  CieSpec absolute = testkit::x64_cie();
  absolute.pointer_encoding = 0;
  EXPECT_TRUE(Built(CfiProgram(), absolute).at(0x1000));
  for (unsigned version : {1u, 3u, 4u}) {
    CieSpec debug = testkit::x64_cie();
    debug.version = version;
    debug.augmentation = "";
    auto found = Built(CfiProgram().def_cfa_offset(32), debug, false).at(0x1000);
    ASSERT_TRUE(found) << version << ": " << found.error().line();
    EXPECT_EQ(found->cfa.offset, 32);
  }
  CieSpec unknown = testkit::x64_cie();
  unknown.version = 9;
  EXPECT_FALSE(Built(CfiProgram(), unknown).at(0x1000));
}

TEST(CfiProgram, RefusesDamage) {
  EXPECT_FALSE(Built(CfiProgram().recall()).at(0x1000)) << "nothing was remembered";
  EXPECT_FALSE(Built(CfiProgram().raw({0x3f})).at(0x1000)) << "unknown instruction";
  EXPECT_FALSE(Built(CfiProgram().raw({0x0f, 0xff, 0x7f})).at(0x1000)) << "expression outside";
  EXPECT_FALSE(Built(CfiProgram().def_cfa(99, 8)).at(0x1000)) << "unknown CFA register";
  CfiProgram deep;
  for (int i = 0; i < 10000; ++i) deep.remember();
  EXPECT_FALSE(Built(deep).at(0x1000)) << "states remembered without end";
  // What lies behind the wanted address does not matter.
  EXPECT_TRUE(Built(CfiProgram().advance(8).raw({0x3f})).at(0x1000));
}

TEST(CfiProgram, KnowsSignedReturnAddresses) {
  Built built(CfiProgram().negate_ra_state().advance(8).negate_ra_state(), testkit::arm64_cie());
  EXPECT_TRUE(built.at(0x1000, Arch::aarch64)->return_signed);
  EXPECT_FALSE(built.at(0x1020, Arch::aarch64)->return_signed) << "code_align is 4";
}

TEST(FdeIndex, FindsByTableAndByScan) {
  CfiSection section(true, 8, kVaddr);
  size_t cie = section.cie(testkit::x64_cie());
  for (uint64_t i = 0; i < 100; ++i) section.fde(cie, 0x1000 + i * 0x20, 0x18, CfiProgram());
  section.end_mark();
  auto header = section.header(0x3000);
  FrameSection frames{.bytes = section.bytes(), .vaddr = kVaddr};
  FdeIndex table(frames, header, 0x3000), scan(frames, {}, 0);
  EXPECT_TRUE(table.has_table());
  EXPECT_FALSE(scan.has_table());
  for (const FdeIndex* index : {&table, &scan}) {
    for (uint64_t i = 0; i < 100; ++i) {
      auto found = index->find(0x1000 + i * 0x20 + 0x17);
      ASSERT_TRUE(found) << i;
      EXPECT_EQ(found->fde.begin, 0x1000 + i * 0x20);
      EXPECT_FALSE(index->find(0x1000 + i * 0x20 + 0x18)) << "between functions";
    }
    EXPECT_FALSE(index->find(0xfff));
    EXPECT_FALSE(index->find(~uint64_t{0}));
  }
  // A table that leads nowhere is not relied on.
  auto broken = header;
  for (size_t i = 16; i < broken.size(); i += 8) broken[i] = std::byte{0x7f};
  EXPECT_TRUE(FdeIndex(frames, broken, 0x3000).find(0x1000));
  // One that claims more than it holds is not used.
  auto claims = header;
  claims[11] = std::byte{0x7f};
  EXPECT_FALSE(FdeIndex(frames, claims, 0x3000).has_table());
  EXPECT_TRUE(FdeIndex(frames, claims, 0x3000).find(0x1000));
}

TEST(FdeIndex, SurvivesEveryCutAndFlip) {
  CfiSection section(true, 8, kVaddr);
  size_t cie = section.cie(testkit::x64_cie());
  section.fde(cie, 0x1000, 0x20, CfiProgram().advance(1).def_cfa_offset(16));
  auto whole = section.bytes();
  for (size_t n = 0; n < whole.size(); ++n) {
    FrameSection cut{.bytes = whole.first(n), .vaddr = kVaddr};
    EXPECT_FALSE(FdeIndex(cut, {}, 0).find(0x1000)) << n;
    std::vector<std::byte> flipped(whole.begin(), whole.end());
    flipped[n] ^= std::byte{0xff};
    FrameSection bad{.bytes = flipped, .vaddr = kVaddr};
    if (auto found = FdeIndex(bad, {}, 0).find(0x1000)) {
      (void)decode_row(bad, *found, Arch::x86_64, 0x1000);
    }
  }
}

}  // namespace
}  // namespace inquest::unwind
