#include "format/pe/x64_unwind.h"

#include <gtest/gtest.h>

#include "testkit/pe.h"

namespace inquest::pe {
namespace {

using testkit::PeBuilder;
using testkit::unwind_slot;

/// An image whose .xdata is at 0x1000.
struct Image {
  explicit Image(std::vector<std::byte> xdata) {
    PeBuilder builder;
    builder.add_section(".xdata", xdata, PeBuilder::data);
    bytes = builder.file();
    file = *File::parse(bytes, nullptr, "a.dll");
  }
  std::vector<std::byte> bytes;
  std::shared_ptr<const File> file;
};

constexpr RuntimeFunction kFunction{.begin = 0x5000, .end = 0x5200, .unwind_info = 0x1000};

TEST(X64Unwind, FindsEntries) {
  PeBuilder builder;
  builder.add_functions({{0x100, 0x120, 1}, {0x120, 0x130, 2}, {0x200, 0x210, 3}});
  auto bytes = builder.file();
  Bytes pdata = (*File::parse(bytes, nullptr, "a"))->exception_directory();
  EXPECT_FALSE(find_function_x64(pdata, 0xff));
  EXPECT_EQ(find_function_x64(pdata, 0x100)->unwind_info, 1u);
  EXPECT_EQ(find_function_x64(pdata, 0x11f)->unwind_info, 1u);
  EXPECT_EQ(find_function_x64(pdata, 0x120)->unwind_info, 2u);
  EXPECT_FALSE(find_function_x64(pdata, 0x130)) << "a gap";
  EXPECT_EQ(find_function_x64(pdata, 0x20f)->unwind_info, 3u);
  EXPECT_FALSE(find_function_x64(pdata, 0x210));
  EXPECT_FALSE(find_function_x64({}, 0x100));
}

TEST(X64Unwind, ReadsEveryCode) {
  Image image(testkit::unwind_info(
      {.flags = 1,
       .prologue = 0x30,
       .frame_register = 5,
       .frame_offset = 2,
       .slots = {unwind_slot(0x30, 9, 6), 0x1000, 1,  // xmm far
                 unwind_slot(0x28, 8, 7), 3,          // xmm
                 unwind_slot(0x24, 5, 12), 0x10, 2,   // save far
                 unwind_slot(0x20, 4, 3), 5,          // save
                 unwind_slot(0x1c, 3, 0),             // set frame
                 unwind_slot(0x18, 1, 1), 0x5678, 0x1234, unwind_slot(0x10, 1, 0), 0x100,  // large
                 unwind_slot(0x0c, 2, 15),                                                 // small
                 unwind_slot(0x08, 0, 5),                                                  // push
                 unwind_slot(0x00, 10, 1)},  // machine
       .tail = {0x4444}}));
  auto info = read_unwind_info(*image.file, kFunction);
  ASSERT_TRUE(info) << info.error().line();
  EXPECT_EQ(info->prologue_size, 0x30);
  EXPECT_EQ(info->frame_register, 5);
  EXPECT_EQ(info->frame_offset, 32u);
  EXPECT_EQ(info->handler, Rva{0x4444});
  struct Expected {
    UnwindOp op;
    uint8_t reg;
    uint32_t value;
  };
  const Expected expected[] = {{UnwindOp::save_xmm, 6, 0x11000}, {UnwindOp::save_xmm, 7, 48},
                               {UnwindOp::save, 12, 0x20010},    {UnwindOp::save, 3, 40},
                               {UnwindOp::set_frame, 0, 0},      {UnwindOp::alloc, 1, 0x12345678},
                               {UnwindOp::alloc, 0, 0x800},      {UnwindOp::alloc, 15, 128},
                               {UnwindOp::push, 5, 0},           {UnwindOp::machine_frame, 1, 1}};
  ASSERT_EQ(info->codes.size(), std::size(expected));
  for (size_t i = 0; i < info->codes.size(); ++i) {
    EXPECT_EQ(info->codes[i].op, expected[i].op) << i;
    EXPECT_EQ(info->codes[i].reg, expected[i].reg) << i;
    EXPECT_EQ(info->codes[i].value, expected[i].value) << i;
  }
}

TEST(X64Unwind, ReadsEpiloguesOfVersion2) {
  // Of 6 bytes: one at the end, two more; an odd number of slots is padded.
  Image image(testkit::unwind_info(
      {.version = 2,
       .prologue = 4,
       .slots = {unwind_slot(6, 6, 1), unwind_slot(0x40, 6, 0), unwind_slot(0x80, 6, 1),
                 unwind_slot(0, 6, 0), unwind_slot(4, 2, 3)}}));
  auto info = read_unwind_info(*image.file, kFunction);
  ASSERT_TRUE(info) << info.error().line();
  ASSERT_EQ(info->epilogues.size(), 3u);
  EXPECT_EQ(info->epilogues[0].begin, 0x51fau);
  EXPECT_EQ(info->epilogues[0].end, 0x5200u);
  EXPECT_EQ(info->epilogues[1].begin, 0x51c0u);
  EXPECT_EQ(info->epilogues[2].begin, 0x5080u);
  ASSERT_EQ(info->codes.size(), 1u);
  EXPECT_EQ(info->codes[0].value, 32u);
}

TEST(X64Unwind, FollowsChainsAndIndirection) {
  auto chained = testkit::unwind_info({.flags = 4, .tail = {0x4000, 0x4100, 0x1020}});
  chained.resize(0x20);
  auto primary = testkit::unwind_info({.slots = {unwind_slot(1, 0, 3)}});
  chained.insert(chained.end(), primary.begin(), primary.end());
  chained.resize(0x40);
  testkit::ByteBuilder entry;
  entry.u32(0x4000).u32(0x4100).u32(0x1020);
  chained.insert(chained.end(), entry.view().begin(), entry.view().end());
  Image image(chained);
  auto info = read_unwind_info(*image.file, kFunction);
  ASSERT_TRUE(info) << info.error().line();
  ASSERT_TRUE(info->chained);
  EXPECT_EQ(info->chained->begin, 0x4000u);
  EXPECT_EQ(primary_function(*image.file, kFunction)->begin, 0x4000u);
  auto indirect = read_unwind_info(*image.file, {0x6000, 0x6100, 0x1041});
  ASSERT_TRUE(indirect) << indirect.error().line();
  EXPECT_EQ(indirect->codes.size(), 1u);
}

TEST(X64Unwind, RefusesDamage) {
  auto expect_damage = [](const testkit::UnwindInfoSpec& spec, std::string_view what) {
    Image image(testkit::unwind_info(spec));
    auto info = read_unwind_info(*image.file, kFunction);
    ASSERT_FALSE(info) << what;
    EXPECT_NE(info.error().line().find(what), std::string::npos) << info.error().line();
  };
  expect_damage({.version = 3}, "version 3");
  expect_damage({.slots = {unwind_slot(1, 12, 0)}}, "unknown unwind code 12");
  expect_damage({.slots = {unwind_slot(1, 1, 0)}}, "operand");
  expect_damage({.slots = {unwind_slot(1, 1, 2), 0, 0}}, "allocation");
  // A chain that leads to itself, and an indirect entry that does.
  Image circle(testkit::unwind_info({.flags = 4, .tail = {0x5000, 0x5200, 0x1000}}));
  EXPECT_FALSE(primary_function(*circle.file, kFunction));
  EXPECT_FALSE(read_unwind_info(*circle.file, {0x5000, 0x5200, 0xfffffff1}));
}

}  // namespace
}  // namespace inquest::pe
