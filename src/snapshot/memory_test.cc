#include "snapshot/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "snapshot/snapshot.h"

namespace inquest::snapshot {
namespace {

Bytes text(std::string_view s) { return std::as_bytes(std::span(s.data(), s.size())); }

std::string read(const Memory& memory, uint64_t from, size_t size) {
  std::string out(size, '\0');
  out.resize(memory.read(Address{from}, std::as_writable_bytes(std::span(out))));
  return out;
}

TEST(Memory, ReadsAcrossPieces) {
  Memory memory;
  memory.add(Address{0x1000}, text("abcd"), Origin::dump, nullptr);
  memory.add(Address{0x1004}, text("efgh"), Origin::dump, nullptr);
  EXPECT_EQ(read(memory, 0x1002, 4), "cdef");
  EXPECT_EQ(read(memory, 0x1002, 100), "cdefgh");
  EXPECT_EQ(read(memory, 0xfff, 4), "");
  EXPECT_EQ(memory.view(Address{0x1001}).size(), 3u);
  EXPECT_EQ(memory.view(Address{0x1001}, 2).size(), 2u);
  EXPECT_TRUE(memory.view(Address{0x1008}).empty());
}

TEST(Memory, FirstPieceWinsWhereTheyOverlap) {
  Memory memory;
  memory.add(Address{0x1004}, text("EF"), Origin::dump, nullptr);
  memory.add(Address{0x1000}, text("abcdefghij"), Origin::file, nullptr);
  EXPECT_EQ(read(memory, 0x1000, 10), "abcdEFghij");
  EXPECT_EQ(memory.origin(Address{0x1004}), Origin::dump);
  EXPECT_EQ(memory.origin(Address{0x1006}), Origin::file);
  EXPECT_FALSE(memory.origin(Address{0x100a}));
  memory.add(Address{0x0ffe}, text("xyzzy"), Origin::file, nullptr);
  EXPECT_EQ(read(memory, 0x0ffe, 5), "xyabc");
  memory.add(Address{0x1000}, text("........"), Origin::file, nullptr);
  EXPECT_EQ(memory.pieces().size(), 4u) << "nothing is left to fill";
}

TEST(Memory, CutsWhatWraps) {
  Memory memory;
  memory.add(Address{UINT64_MAX - 2}, text("abcdef"), Origin::dump, nullptr);
  EXPECT_EQ(read(memory, UINT64_MAX - 2, 2), "ab");
  EXPECT_FALSE(memory.has(Address{0}));
}

TEST(Memory, ReadsValuesAndStrings) {
  Memory memory;
  memory.add(Address{0x10}, text(std::string_view("\x01\x02\x03\x04\0\0\0\0hello\0wor", 17)),
             Origin::dump, nullptr);
  EXPECT_EQ(memory.read_pointer(Address{0x10}, 8), 0x04030201u);
  EXPECT_EQ(memory.read_pointer(Address{0x10}, 4), 0x04030201u);
  EXPECT_EQ(memory.read_string(Address{0x18}), "hello");
  EXPECT_FALSE(memory.read_string(Address{0x18}, 4)) << "longer than the limit";
  EXPECT_FALSE(memory.read_string(Address{0x1e})) << "its end is not there";
  EXPECT_FALSE(memory.read_pointer(Address{0x1e}, 8));
}

class Constant final : public MemorySource {
 public:
  size_t read(Address from, std::span<std::byte> out) const override {
    if (from >= Address{0x3000}) return 0;
    std::fill(out.begin(), out.end(), std::byte{'.'});
    return out.size();
  }
};

TEST(Memory, AsksTheSourceForWhatPiecesLack) {
  Memory memory;
  memory.add(Address{0x1000}, text("abcd"), Origin::dump, nullptr);
  memory.set_source(std::make_shared<Constant>());
  EXPECT_EQ(read(memory, 0x0ffe, 8), "..abcd..");
  EXPECT_EQ(memory.origin(Address{0x2000}), Origin::live);
  EXPECT_FALSE(memory.has(Address{0x3000}));
}

TEST(Snapshot, FindsModulesAndRegions) {
  Snapshot snapshot;
  snapshot.modules = {{.path = "/lib/a.so", .range = {Address{0x1000}, Address{0x2000}}},
                      {.path = "b", .range = {Address{0x3000}, Address{0x4000}}}};
  EXPECT_FALSE(snapshot.module_at(Address{0xfff}));
  EXPECT_EQ(snapshot.module_at(Address{0x1fff})->file_name(), "a.so");
  EXPECT_FALSE(snapshot.module_at(Address{0x2000}));
  EXPECT_EQ(snapshot.module_at(Address{0x3000})->file_name(), "b");
  snapshot.threads = {{.id = 7}, {.id = 8, .crashed = true}};
  EXPECT_EQ(snapshot.crashed_thread()->id, 8u);
  EXPECT_EQ(snapshot.thread_by_id(7), &snapshot.threads[0]);
  EXPECT_FALSE(snapshot.thread_by_id(9));
}

TEST(Registers, KnowTheirNamesAndWidth) {
  for (Arch arch : {Arch::x86_64, Arch::aarch64, Arch::x86, Arch::arm}) {
    for (Register n = 0; n < roles(arch).count; ++n) {
      EXPECT_EQ(register_by_name(arch, register_name(arch, n)), n) << name(arch);
    }
    EXPECT_TRUE(register_name(arch, static_cast<Register>(roles(arch).count)).empty());
    Registers registers(arch);
    EXPECT_FALSE(registers.pc());
    registers.set_pc(Address{0x1122334455667788});
    EXPECT_EQ(registers.pc()->value, is_64_bit(arch) ? 0x1122334455667788 : 0x55667788);
    registers.forget(roles(arch).pc);
    EXPECT_FALSE(registers.has(roles(arch).pc));
  }
}

TEST(Memory, SaysWhereItGoesOnBehindAHole) {
  std::vector<std::byte> bytes(16);
  Memory memory;
  EXPECT_FALSE(memory.next_held({0}));
  memory.add({0x1000}, bytes, Origin::dump, nullptr);
  memory.add({0x9000}, bytes, Origin::dump, nullptr);
  EXPECT_EQ(memory.next_held({0}), Address{0x1000});
  EXPECT_EQ(memory.next_held({0x100f}), Address{0x100f});
  EXPECT_EQ(memory.next_held({0x1010}), Address{0x9000});
  EXPECT_FALSE(memory.next_held({0x9010}));
}

}  // namespace
}  // namespace inquest::snapshot
