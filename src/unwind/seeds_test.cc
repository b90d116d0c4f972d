#include <cstdlib>
#include <gtest/gtest.h>

#include "testkit/elf_seeds.h"
#include "testkit/pe_seeds.h"
#include "unwind/rules.h"
#include "unwind/test_process.h"

namespace inquest::unwind {
namespace {

using testkit::CfiProgram;
using testkit::CfiSection;
using testkit::CieSpec;

/// A section as cfi_fuzz takes it: choices, the table's size, the table, the section.
std::vector<std::byte> cfi_seed(uint8_t arch, const CfiSection& section, bool eh, bool table) {
  testkit::ByteBuilder out;
  std::vector<std::byte> header = table ? section.header(0x3000) : std::vector<std::byte>{};
  out.u8(static_cast<uint8_t>(arch | (eh ? 4 : 0))).u16(static_cast<uint16_t>(header.size()));
  out.bytes(header).bytes(section.bytes());
  return out.take();
}

testkit::Seeds cfi_seeds() {
  testkit::Seeds seeds;
  const uint8_t plt[] = {0x77, 0x08, 0x80, 0x00, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22};
  struct Kind {
    const char* name;
    uint8_t arch;
    unsigned word;
    CieSpec cie;
  };
  CieSpec full = testkit::x64_cie();
  full.augmentation = "zPLRS";
  for (const Kind& kind :
       {Kind{"x64", 0, 8, testkit::x64_cie()}, Kind{"x64-full", 0, 8, full},
        Kind{"x86", 1, 4, testkit::x86_cie()}, Kind{"arm64", 2, 8, testkit::arm64_cie()}}) {
    for (bool eh : {true, false}) {
      CieSpec cie = kind.cie;
      if (!eh) cie.augmentation = "", cie.version = 4;
      CfiSection section(eh, kind.word, 0x4000);
      size_t at = section.cie(cie);
      section.fde(at, 0x1000, 0x80,
                  CfiProgram()
                      .advance(1)
                      .def_cfa_offset(16)
                      .offset(6, 2)
                      .advance(3)
                      .def_cfa_register(6)
                      .remember()
                      .advance(0x40)
                      .restore(6)
                      .recall()
                      .args_size(8)
                      .negate_ra_state());
      section.fde(at, 0x1080, 0x80,
                  CfiProgram()
                      .def_cfa_expression(plt)
                      .val_expression(3, plt)
                      .expression(5, plt)
                      .val_offset(2, 1)
                      .in_register(1, 2)
                      .same_value(4)
                      .undefined(7));
      for (bool table : {true, false}) {
        seeds[fmt::format("{}-{}{}", kind.name, eh ? "eh" : "debug", table ? "-table" : "")] =
            cfi_seed(kind.arch, section, eh, table);
      }
    }
  }
  return seeds;
}

/// Registers and stack words as unwind_fuzz takes them: where each points, and a 16-bit offset.
testkit::Seeds unwind_seeds() {
  testkit::Seeds seeds;
  auto point = [](testkit::ByteBuilder& out, uint8_t kind, uint16_t offset) {
    out.u8(kind).u16(offset);
  };
  enum : uint8_t { code, stack, small, wild };
  for (uint8_t arch : {0, 1, 2}) {
    unsigned word = arch == 1 ? 4 : 8;
    for (uint8_t pc : {code, wild}) {
      testkit::ByteBuilder out;
      out.u8(arch);
      point(out, pc, 0x20);
      point(out, stack, 0);                                // sp
      point(out, stack, static_cast<uint16_t>(word * 4));  // fp
      for (int n = 3; n < 16; ++n) point(out, small, 0);
      // Four frame records, each with its return address.
      for (uint16_t n = 0; n < 32; ++n) {
        if (n % 4 == 0) {
          point(out, stack, static_cast<uint16_t>((n + 4) * word));
        } else if (n % 4 == 1) {
          point(out, code, static_cast<uint16_t>(n < 28 ? 0x48 : 0x308));
        } else {
          point(out, small, n);
        }
      }
      seeds[fmt::format("records-{}-{}", arch, pc)] = out.take();
    }
  }
  return seeds;
}

/// Texts and stack words as frame_rules_fuzz takes them.
testkit::Seeds frame_rules_seeds() {
  testkit::Seeds seeds;
  struct Kind {
    const char* name;
    uint8_t arch;
    const char *rules, *changes, *program;
  };
  for (const Kind& kind :
       {Kind{"x86", 0, ".cfa: $esp 4 + .ra: .cfa 4 - ^", ".cfa: $ebp 8 + $ebp: .cfa 8 - ^",
             "$T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + = $ebx $T0 4 - ^ ="},
        Kind{"x86-fpo", 4, "", "", ""},
        Kind{"x64", 1, ".cfa: $rsp 16 + .ra: .cfa 8 - ^ $rbx: .cfa 16 - ^", ".cfa: $rbp 0x10 @",
             ""},
        Kind{"arm64", 2, ".cfa: sp 32 + .ra: .cfa -8 + ^ x29: .cfa 16 - ^", ".ra: .undef", ""},
        Kind{"arm", 3, ".cfa: r11 8 + .ra: lr", ".ra: .cfa 4 - ^ r4: .cfa 8 - ^", ""}}) {
    testkit::ByteBuilder out;
    out.u8(kind.arch).u8(8).u8(3).u8(8).u8(4).u8(2).u8(8).u8(0).u8(1);
    out.c_string(kind.rules).c_string(kind.changes).c_string(kind.program);
    for (uint16_t n = 0; n < 64; ++n) {
      out.u8(n % 2 ? 0 : 1).u16(static_cast<uint16_t>(n % 2 ? 0x48 + n * 8 : n * 8 + 32));
    }
    seeds[kind.name] = out.take();
  }
  return seeds;
}

/// The fuzzers' seeds are good inputs. With INQUEST_WRITE_SEEDS=fuzz/corpus they are also written.
TEST(Seeds, AreGood) {
  for (const auto& [name, bytes] : cfi_seeds()) {
    EXPECT_GT(bytes.size(), 64u) << name;
    uint64_t table = static_cast<uint64_t>(bytes[1]) | static_cast<uint64_t>(bytes[2]) << 8;
    bool eh = (static_cast<unsigned>(bytes[0]) & 4) != 0;
    constexpr snapshot::Arch kArchs[] = {snapshot::Arch::x86_64, snapshot::Arch::x86,
                                         snapshot::Arch::aarch64};
    snapshot::Arch arch = kArchs[static_cast<unsigned>(bytes[0]) & 3];
    Rules rules({.bytes = Bytes(bytes).subspan(3 + table),
                 .vaddr = 0x4000,
                 .eh = eh,
                 .pointer_size = snapshot::pointer_size(arch)},
                Bytes(bytes).subspan(3, table), 0x3000, arch);
    EXPECT_TRUE(rules.row(0x1010)) << name;
    EXPECT_TRUE(rules.row(0x1090)) << name;
  }
  for (const auto& [name, bytes] : testkit::pe_seeds()) {
    if (bytes[0] != std::byte{0}) continue;
    EXPECT_TRUE(pe::File::parse(Bytes(bytes).subspan(1), nullptr, name)) << name;
  }
  if (const char* corpus = std::getenv("INQUEST_WRITE_SEEDS")) {
    testkit::write_seeds(testkit::pe_seeds(), std::string(corpus) + "/pe");
    testkit::write_seeds(frame_rules_seeds(), std::string(corpus) + "/frame_rules");
    testkit::write_seeds(cfi_seeds(), std::string(corpus) + "/cfi");
    testkit::write_seeds(unwind_seeds(), std::string(corpus) + "/unwind");
  }
}

}  // namespace
}  // namespace inquest::unwind
