#include "symbols/dwarf/expression.h"

#include <gtest/gtest.h>
#include <vector>

#include "testkit/bytes.h"

namespace inquest::symbols {
namespace {

using testkit::ByteBuilder;
using Kind = Place::Kind;

struct Frame {
  FrameAccess access;
  std::vector<std::byte> frame_base;
  Frame() {
    access.cfa = Address{0x7000};
    access.bias = 0x100000;
    access.reg = [](snapshot::Register r) -> std::optional<uint64_t> {
      if (r == 6) return 0x6000;
      if (r == 5) return 77;
      return {};
    };
    access.memory = [](Address a, unsigned size) -> std::optional<uint64_t> {
      if (a.value == 0x6010 && size == 8) return 0xabcd;
      return {};
    };
  }
  Place run(ByteBuilder bytes) {
    ExpressionContext context{.frame = access, .frame_base = frame_base};
    std::vector<std::byte> raw = bytes.take();
    return evaluate(raw, context);
  }
};

TEST(Expression, places_in_memory) {
  Frame f;
  Place global = f.run(ByteBuilder().u8(0x03).u64(0x4010));  // addr
  EXPECT_EQ(global.kind, Kind::memory);
  EXPECT_EQ(global.value, 0x104010u);
  EXPECT_EQ(f.run(ByteBuilder().u8(0x76).u8(0x70)).value, 0x5ff0u);           // breg6 -16
  EXPECT_EQ(f.run(ByteBuilder().u8(0x76).u8(0x10).u8(0x06)).value, 0xabcdu);  // deref
  f.frame_base = {std::byte{0x9c}};                                           // call_frame_cfa
  EXPECT_EQ(f.run(ByteBuilder().u8(0x91).u8(0x68)).value, 0x7000u - 24);      // fbreg -24
  f.frame_base = {std::byte{0x56}};                                           // reg6
  EXPECT_EQ(f.run(ByteBuilder().u8(0x91).u8(0x68)).value, 0x6000u - 24);
}

TEST(Expression, places_in_registers_and_constants) {
  Frame f;
  Place in_rdi = f.run(ByteBuilder().u8(0x55));
  EXPECT_EQ(in_rdi.kind, Kind::in_register);
  EXPECT_EQ(in_rdi.reg, 5);
  EXPECT_EQ(in_rdi.value, 77u);
  Place five = f.run(ByteBuilder().u8(0x35).u8(0x9f));  // lit5 stack_value
  EXPECT_EQ(five.kind, Kind::constant);
  EXPECT_EQ(five.value, 5u);
  EXPECT_EQ(f.run(ByteBuilder().u8(0x9e).u8(2).u16(0x1234)).value, 0x1234u);  // implicit_value
}

TEST(Expression, what_cannot_be_known_is_optimised_out) {
  Frame f;
  EXPECT_EQ(f.run(ByteBuilder()).kind, Kind::optimised_out);
  EXPECT_EQ(f.run(ByteBuilder().u8(0x50)).kind, Kind::optimised_out);  // rax is not known
  EXPECT_EQ(f.run(ByteBuilder().u8(0x55).u8(0x93).u8(4)).kind, Kind::optimised_out);  // piece
  EXPECT_EQ(f.run(ByteBuilder().u8(0xa3).u8(1).u8(0x55).u8(0x9f)).kind,
            Kind::optimised_out);                                      // entry_value
  EXPECT_EQ(f.run(ByteBuilder().u8(0x22)).kind, Kind::optimised_out);  // plus of nothing
  EXPECT_EQ(f.run(ByteBuilder().u8(0x31).u8(0x30).u8(0x1b)).kind, Kind::optimised_out);  // 1 / 0
  EXPECT_EQ(f.run(ByteBuilder().u8(0x0e).u8(1)).kind, Kind::optimised_out);        // cut short
  EXPECT_EQ(f.run(ByteBuilder().u8(0x2f).u16(0xfffd)).kind, Kind::optimised_out);  // for ever
  f.frame_base = {std::byte{0x91}, std::byte{0}};  // a frame base by itself
  EXPECT_EQ(f.run(ByteBuilder().u8(0x91).u8(0)).kind, Kind::optimised_out);
}

}  // namespace
}  // namespace inquest::symbols
