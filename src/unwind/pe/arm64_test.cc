// ARM64: what clang makes, held against an emulation of the instructions that move the stack and
// save registers; and records that clang does not make.
#include <gtest/gtest.h>

#include "base/cursor.h"
#include "format/pe/arm64_unwind.h"
#include "testkit/pe.h"
#include "testkit/process.h"
#include "testkit/stack.h"
#include "testkit/windows_code.h"
#include "unwind/cfi/execute.h"
#include "unwind/pe/image_rules.h"

namespace inquest::unwind {
namespace {

namespace arm64 = snapshot::arm64;
using snapshot::Register;
using testkit::PeBuilder;

constexpr uint64_t kStack = 0x100000, kStackSize = 0x80000, kTop = kStack + kStackSize - 0x1000;
constexpr uint64_t kReturn = 0x140001234;

/// Executes a function's instructions one after the other, branches not taken, as far as they
/// concern sp, x19 to x30 and the stack.
class Emulator {
 public:
  Emulator() : registers_(snapshot::Arch::aarch64), stack_(kStackSize) {
    for (Register n = 0; n <= arm64::fp; ++n) registers_.set(n, 0x1000u + n);
    registers_.set(arm64::lr, kReturn);
    registers_.set(arm64::sp, kTop);
    memory_.add(Address{kStack}, stack_, snapshot::Origin::dump, nullptr);
  }
  const snapshot::Registers& registers() const { return registers_; }
  const snapshot::Memory& memory() const { return memory_; }
  void set_pc(uint64_t pc) { registers_.set(arm64::pc, pc); }

  void execute(uint32_t w) {
    unsigned rd = w & 31, rn = w >> 5 & 31;
    if ((w & 0x3e000000) == 0x28000000 || (w & 0x3e000000) == 0x2c000000) return pair(w);
    if ((w & 0x3b200400) == 0x38000400) return single(w, true);
    if ((w & 0x3b000000) == 0x39000000) return single(w, false);
    bool adds = (w & 0xff000000) == 0x91000000, subtracts = (w & 0xff000000) == 0xd1000000;
    if (adds || subtracts) {
      uint64_t amount = uint64_t{w >> 10 & 0xfff} << (w & 1 << 22 ? 12 : 0);
      bool from_frame = rn == arm64::sp || rn == arm64::fp;
      if (rd == arm64::sp && !from_frame) return move_stack(64);  // a computed amount
      if ((rd == arm64::sp || rd == arm64::fp) && from_frame) {
        uint64_t base = *registers_.get(static_cast<Register>(rn));
        registers_.set(static_cast<Register>(rd), adds ? base + amount : base - amount);
        return;
      }
    }
    // Computed into a register that the caller wants back.
    unsigned kind = w >> 25 & 15;
    bool computes = (kind & 14) == 8 || (kind & 7) == 5;
    if (computes && rd >= 19 && rd <= 28) registers_.set(static_cast<Register>(rd), 0xdead);
  }

 private:
  void move_stack(uint64_t down) { registers_.set(arm64::sp, sp() - down); }
  uint64_t sp() const { return *registers_.get(arm64::sp); }

  void access(unsigned reg, uint64_t at, bool load) {
    uint64_t value = 0;
    if (load) {
      std::memcpy(&value, stack_.data() + (at - kStack), 8);
      registers_.set(static_cast<Register>(reg), value);
    } else {
      value = reg == 31 ? 0 : *registers_.get(static_cast<Register>(reg));
      std::memcpy(stack_.data() + (at - kStack), &value, 8);
    }
  }
  void pair(uint32_t w) {
    if ((w >> 5 & 31) != arm64::sp) return;
    bool vector = w >> 26 & 1, load = w >> 22 & 1;
    unsigned mode = w >> 23 & 3, size = vector ? 4u << (w >> 30) : (w >> 31 ? 8 : 4);
    int64_t offset = (static_cast<int32_t>(w << 10) >> 25) * static_cast<int64_t>(size);
    uint64_t at = mode == 1 ? sp() : sp() + static_cast<uint64_t>(offset);
    if (!vector && size == 8) {
      access(w & 31, at, load);
      access(w >> 10 & 31, at + 8, load);
    }
    if (mode & 1) move_stack(static_cast<uint64_t>(-offset));
  }
  void single(uint32_t w, bool writes_back) {
    if ((w >> 5 & 31) != arm64::sp) return;
    bool vector = w >> 26 & 1, load = w >> 22 & 1;
    unsigned size = w >> 30;
    bool before = writes_back && (w >> 11 & 1);
    auto offset = writes_back ? static_cast<int64_t>(static_cast<int32_t>(w << 11) >> 23)
                              : static_cast<int64_t>(w >> 10 & 0xfff) << size;
    uint64_t at = writes_back && !before ? sp() : sp() + static_cast<uint64_t>(offset);
    if (!vector && size == 3) access(w & 31, at, load);
    if (writes_back) move_stack(static_cast<uint64_t>(-offset));
  }

  snapshot::Registers registers_;
  std::vector<std::byte> stack_;
  snapshot::Memory memory_;
};

/// What unwinding must find at every instruction of a function.
void expect_caller(const ImageRules& rules, const Emulator& now, uint64_t rva) {
  auto row = rules.row(rva, true);
  ASSERT_TRUE(row) << std::hex << rva;
  Words words(now.memory(), 8);
  Executed executed = execute(*row, now.registers(), words);
  ASSERT_EQ(executed.status, Executed::Status::done) << std::hex << rva;
  EXPECT_EQ(executed.caller.pc(), Address{kReturn}) << std::hex << rva;
  EXPECT_EQ(executed.caller.sp(), Address{kTop}) << std::hex << rva;
  for (Register n = 19; n <= arm64::fp; ++n) {
    EXPECT_EQ(executed.caller.get(n), 0x1000u + n) << std::hex << rva;
  }
}

constexpr std::string_view kSource = R"(
#define NOINLINE __attribute__((noinline))
volatile int sink;
volatile double dsink;
NOINLINE int leaf(int a) { return a * 3 + sink; }
NOINLINE int plain(int a) { int b = leaf(a); return b + leaf(b) + a; }
NOINLINE int one(int a) { return leaf(a) + a; }
NOINLINE int many(int a, int b, int c, int d, int e, int f, int g, int h) {
  int s = leaf(a) * b + leaf(c) * d + leaf(e) * f + leaf(g) * h;
  s += leaf(s) + a * b * c; s += leaf(s) * d * e * f; s += leaf(s);
  return s + a * b * c * d * e * f * g * h;
}
NOINLINE int dynamic(int n) {
  volatile char* p = __builtin_alloca(n * 16);
  p[0] = (char)n; p[n] = 1;
  return leaf(p[0]) + plain(n);
}
NOINLINE int small(int n) { volatile char p[300]; p[n] = 1; return leaf(p[n]); }
NOINLINE int middle(int n) { volatile char p[3000]; p[n] = 1; return leaf(p[n]) + n; }
NOINLINE int large(int n) { volatile char p[200000]; p[n] = 1; return leaf(p[n]) + p[199999]; }
NOINLINE double floats(double a, double b, double c) {
  double d = leaf((int)a) * b; d += leaf((int)b) * a; d += leaf((int)c) * a * b;
  dsink = d; d += leaf((int)dsink) * c;
  return a * b * c + d;
}
NOINLINE double both(int n, double a) { double d = leaf(n) * a; return d + leaf(n) * a + n; }
NOINLINE int sum(int n, ...) {
  __builtin_va_list l; __builtin_va_start(l, n);
  int s = leaf(__builtin_va_arg(l, int));
  __builtin_va_end(l);
  return s + n;
}
NOINLINE int tail(int a) { int b = leaf(a); sink = b; return plain(b); }
int start(int n) {
  return plain(n) + one(n) + many(n, 2, 3, 4, 5, 6, 7, 8) + dynamic(n) + small(n) + middle(n) +
         large(n) + (int)floats(n, 2.5, 3.5) + (int)both(n, 1.5) + sum(2, n, n) + tail(n);
}
int _fltused;
)";

class Arm64WindowsCode : public testing::TestWithParam<const char*> {};

TEST_P(Arm64WindowsCode, IsUnwoundAtEachInstruction) {
  if (!testkit::can_build_windows()) GTEST_SKIP() << "no tools";
  testkit::TemporaryFolder folder;
  std::string path = folder.file("a.exe");
  ASSERT_EQ(testkit::build_windows_program(path, kSource, "aarch64", GetParam(), "start"), "");
  auto file = pe::File::open(path);
  ASSERT_TRUE(file);
  ImageRules rules(*file, [](uint64_t, std::span<std::byte>) -> size_t { return 0; });
  Bytes pdata = (*file)->exception_directory();
  size_t packed = 0, full = 0, checked = 0;
  Cursor entries(pdata);
  while (!entries.at_end()) {
    uint32_t begin = entries.read<le32>(), unwind = entries.read<le32>();
    ++(unwind & 3 ? packed : full);
    auto function = pe::find_function_arm64(**file, begin);
    ASSERT_TRUE(function && *function);
    Emulator emulator;
    for (uint32_t at = begin; at < (*function)->end; at += 4) {
      uint32_t w = Cursor((*file)->at(Rva{at}, 4)).read<le32>();
      emulator.set_pc(at);
      expect_caller(rules, emulator, at);
      if (HasFailure()) {
        FAIL() << std::hex << begin << " at " << at << ", unwind data " << unwind;
      }
      ++checked;
      if (w == 0xd65f03c0) break;  // ret
      if ((w & 0xfc000000) == 0x14000000) {
        int64_t distance = static_cast<int32_t>(w << 6) >> 4;
        int64_t target = int64_t{at} + distance;
        if (target < begin || target >= (*function)->end) break;
      }
      emulator.execute(w);
    }
  }
  EXPECT_GT(checked, 150u);
  EXPECT_GT(full, 0u);
  RecordProperty("packed", static_cast<int>(packed));
  RecordProperty("full", static_cast<int>(full));
}

INSTANTIATE_TEST_SUITE_P(Unwind, Arm64WindowsCode,
                         testing::Values("-O0", "-O1", "-O2", "-Os", "-O2 -fomit-frame-pointer",
                                         "-O2 -mbranch-protection=pac-ret"));

/// A function at 0x1000 whose record is at 0x2000; undone from the given state.
struct Record {
  explicit Record(std::initializer_list<uint32_t> words, uint32_t packed = 0) {
    PeBuilder builder(PeBuilder::arm64);
    std::vector<std::byte> text(0x400);
    builder.add_section(".text", text, PeBuilder::code);
    testkit::ByteBuilder xdata;
    for (uint32_t word : words) xdata.u32(word);
    builder.add_section(".xdata", xdata.view(), PeBuilder::data);
    builder.add_functions({{0x1000, packed ? packed : 0x2000}});
    bytes = builder.file();
    file = *pe::File::parse(bytes, nullptr, "a.dll");
  }
  std::optional<Row> row(uint64_t rva, bool exact = true) const {
    return ImageRules(file, [](uint64_t, std::span<std::byte>) -> size_t { return 0; })
        .row(rva, exact);
  }
  std::vector<std::byte> bytes;
  std::shared_ptr<const pe::File> file;
};

constexpr uint32_t header(uint32_t length, uint32_t words, uint32_t epilogues = 0,
                          bool one = false) {
  return length | static_cast<uint32_t>(one) << 21 | epilogues << 22 | words << 27;
}

const RegisterRule* rule_of(const Row& row, Register reg) {
  for (const RegisterRule& rule : row.registers) {
    if (rule.reg == reg) return &rule;
  }
  return nullptr;
}

TEST(Arm64Rows, SaveNextPairs) {
  // save_next, save_next, save_regp_x x19 #-48: three pairs; end.
  Record record({header(0x40, 2), 0x05cce6e6, 0xe4e4e4e4});
  auto row = record.row(0x1020);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->cfa.offset, 48);
  for (Register n = 19; n <= 24; ++n) {
    const RegisterRule* rule = rule_of(*row, n);
    ASSERT_TRUE(rule) << int{n};
    EXPECT_EQ(rule->offset, (n - 19) * 8);
  }
  EXPECT_FALSE(rule_of(*row, 25));
}

TEST(Arm64Rows, RestoreAnInterruptedContext) {
  Record record({header(0x40, 1), 0xe4e4e4ea});
  auto row = record.row(0x1020);
  ASSERT_TRUE(row);
  EXPECT_TRUE(row->signal_frame);
  EXPECT_EQ(row->return_column, arm64::pc);
  EXPECT_EQ(rule_of(*row, arm64::pc)->offset, 0x108);
  EXPECT_EQ(rule_of(*row, arm64::sp)->offset, 0x100);
  EXPECT_EQ(rule_of(*row, arm64::lr)->offset, 8 + 30 * 8);
  Record machine({header(0x40, 1), 0xe4e4e901});  // alloc_s 16, machine_frame
  row = machine.row(0x1020);
  ASSERT_TRUE(row);
  EXPECT_EQ(rule_of(*row, arm64::sp)->offset, 16);
  EXPECT_EQ(rule_of(*row, arm64::pc)->offset, 24);
}

TEST(Arm64Rows, ReadExtendedHeadersAndScopes) {
  // Extension: one scope at instruction 8, codes from byte 2; alloc_s 32, end; alloc_s 32, end.
  Record record({header(0x40, 0), 1u | 1u << 16, 8u | 2u << 22, 0xe402e402});
  EXPECT_EQ(record.row(0x1000)->cfa.offset, 0) << "nothing executed yet";
  EXPECT_EQ(record.row(0x1004)->cfa.offset, 32);
  EXPECT_EQ(record.row(0x1020)->cfa.offset, 32) << "the epilogue's first instruction";
  EXPECT_EQ(record.row(0x1024)->cfa.offset, 0);
  EXPECT_EQ(record.row(0x1024, false)->cfa.offset, 32) << "a call is in no epilogue";
  EXPECT_EQ(record.row(0x1028)->cfa.offset, 32);
  EXPECT_FALSE(record.row(0x2100));
}

TEST(Arm64Rows, KnowFragmentsWithoutAPrologue) {
  Record record({header(0x40, 1), 0xe4e402e5});  // end_c, alloc_s 32, end
  EXPECT_EQ(record.row(0x1000)->cfa.offset, 32);
  // Packed, flag 2: 16 instructions, x19..x20 saved, frame of 32 bytes.
  Record packed({}, 2u | 16u << 2 | 2u << 16 | 2u << 23);
  EXPECT_EQ(packed.row(0x1000)->cfa.offset, 32);
  EXPECT_EQ(packed.row(0x103c)->cfa.offset, 32);
  Record whole({}, 1u | 16u << 2 | 2u << 16 | 2u << 23);
  EXPECT_EQ(whole.row(0x1000)->cfa.offset, 0);
  EXPECT_EQ(whole.row(0x1004)->cfa.offset, 16);
  EXPECT_EQ(whole.row(0x1008)->cfa.offset, 32);
  EXPECT_EQ(whole.row(0x1038)->cfa.offset, 16) << "the pair is still to be loaded";
  EXPECT_EQ(whole.row(0x103c)->cfa.offset, 0) << "ret";
}

TEST(Arm64Rows, RefuseWhatCannotBeUndone) {
  EXPECT_FALSE(Record({header(0x40, 1), 0xe4e4e401 | 0xdf00}).row(0x1020)) << "alloc_z";
  EXPECT_FALSE(Record({header(0x40, 31)}).row(0x1020)) << "codes beyond the section";
  EXPECT_FALSE(Record({header(0x40, 1) | 1 << 18, 0xe4e4e401}).row(0x1020)) << "version 1";
  auto leaf = Record({header(0x40, 1), 0xe4e4e401}).row(0x1100);
  ASSERT_TRUE(leaf) << "what has no entry has no frame";
  EXPECT_TRUE(leaf->registers.empty());
}

}  // namespace
}  // namespace inquest::unwind
