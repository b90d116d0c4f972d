#include "symbols/cache/image.h"

#include <gtest/gtest.h>

#include "symbols/cache/image_builder.h"

namespace inquest::symbols {
namespace {

struct Built {
  std::vector<std::byte> bytes;
  std::unique_ptr<Image> image;
};

Built build(ImageBuilder& builder) {
  Built built;
  std::array<std::byte, 20> id{std::byte{0xab}};
  for (Bytes part : builder.finish(id, image::kFromDwarf)) {
    built.bytes.insert(built.bytes.end(), part.begin(), part.end());
  }
  auto image = Image::open(built.bytes, nullptr, "test");
  EXPECT_TRUE(image) << image.error().line();
  if (image) built.image = std::move(*image);
  return built;
}

/// f at 0x100..0x200 with g inlined twice, once with h inside; its cold part at 0x300.
UnitSymbols unit_with_calls() {
  UnitSymbols unit;
  unit.names = {{"_Z1fv", true}, {"g", false}, {"h", false}};
  unit.files = {"/a.cc", "/b.h"};
  unit.ranges = {{0x100, 0x200}, {0x300, 0x310}, {0x110, 0x140},
                 {0x300, 0x308}, {0x120, 0x128}, {0x180, 0x190}};
  unit.functions = {{.name = 0, .entry = {0x100, 0x200}, .code = {0, 2}, .call_count = 3}};
  unit.calls = {
      {kNone, 1, 0, 11, 1, {2, 2}}, {0, 2, 1, 22, 2, {4, 1}}, {kNone, 1, 0, 33, 3, {5, 1}}};
  unit.rows = {{0x100, 0, 10, 5}, {0x120, 1, 7, 9}, {0x128, 0, 12, 1}};
  unit.runs = {{{0x100, 0x200}, 0, 3}};
  return unit;
}

TEST(Image, answers_with_inlined_calls_and_lines) {
  ImageBuilder builder;
  builder.add(unit_with_calls());
  Built built = build(builder);
  auto frames = built.image->frames_at(0x124);
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(frames[0].name, "h");
  EXPECT_EQ(frames[0].file, "/b.h");
  EXPECT_EQ(frames[0].line, 7u);
  EXPECT_EQ(frames[0].column, 9u);
  EXPECT_EQ(frames[0].code, (CodeRange{0x120, 0x128}));
  EXPECT_EQ(frames[1].name, "g");
  EXPECT_EQ(frames[1].file, "/b.h");
  EXPECT_EQ(frames[1].line, 22u);
  EXPECT_EQ(frames[2].name, "_Z1fv");
  EXPECT_TRUE(frames[2].is_linkage);
  EXPECT_EQ(frames[2].line, 11u);
  EXPECT_EQ(frames[2].code, (CodeRange{0x100, 0x200}));
  EXPECT_FALSE(frames[2].inlined);

  EXPECT_EQ(built.image->frames_at(0x100).size(), 1u);
  EXPECT_EQ(built.image->frames_at(0x188)[0].name, "g");
  EXPECT_EQ(built.image->frames_at(0x302).size(), 2u);  // g's second part
  EXPECT_EQ(built.image->frames_at(0x309).size(), 1u);
  EXPECT_EQ(built.image->frames_at(0x309)[0].line, 0u);
  EXPECT_TRUE(built.image->frames_at(0xff).empty());
  EXPECT_TRUE(built.image->frames_at(0x200).empty());
  EXPECT_FALSE(built.image->line_at(0x200));
}

TEST(Image, keeps_many_rows_and_symbols) {
  ImageBuilder builder;
  UnitSymbols unit;
  unit.files = {"/a.cc"};
  for (uint32_t i = 0; i < 1000; ++i) unit.rows.push_back({0x1000 + 3 * i, 0, 5000 - i, i % 300});
  unit.runs = {{{0x1000, 0x1000 + 3000}, 0, 1000}};
  builder.add(unit);
  std::vector<std::string> names;
  std::vector<Symbol> symbols;
  std::vector<Interval> ranges;
  for (uint32_t i = 0; i < 500; ++i) names.push_back("symbol" + std::to_string(i));
  for (uint32_t i = 0; i < 500; ++i) {
    symbols.push_back({names[i], 0x1000 + 16 * i, 8, i % 2 == 0});
    ranges.push_back({0x1000 + 16 * i, 0x1008 + 16 * i, i});
  }
  builder.add(symbols, ranges);
  Built built = build(builder);
  for (uint32_t i = 0; i < 3000; ++i) {
    auto line = built.image->line_at(0x1000 + i);
    ASSERT_TRUE(line);
    ASSERT_EQ(line->line, 5000 - i / 3);
    ASSERT_EQ(line->column, i / 3 % 300);
  }
  for (uint32_t i = 0; i < 500; ++i) {
    ASSERT_EQ(built.image->find_symbol(names[i])->address, 0x1000 + 16 * i);
    ASSERT_EQ(built.image->symbol_at(0x1007 + 16 * i)->name, names[i]);
    ASSERT_FALSE(built.image->symbol_at(0x1008 + 16 * i));
  }
  EXPECT_FALSE(built.image->find_symbol("symbol500"));
}

TEST(Image, refuses_or_notices_every_damaged_byte) {
  ImageBuilder builder;
  builder.add(unit_with_calls());
  Built built = build(builder);
  for (size_t i = 0; i < built.bytes.size(); ++i) {
    built.bytes[i] ^= std::byte{0x40};
    auto image = Image::open(built.bytes, nullptr, "test");
    if (image) {
      EXPECT_TRUE((*image)->frames_at(0x124).empty()) << "at " << i;
      EXPECT_TRUE((*image)->damaged());
    }
    built.bytes[i] ^= std::byte{0x40};
  }
  EXPECT_FALSE(Image::open(Bytes(built.bytes).first(built.bytes.size() - 1), nullptr, "test"));
  EXPECT_FALSE(Image::open({}, nullptr, "test"));
}

}  // namespace
}  // namespace inquest::symbols
