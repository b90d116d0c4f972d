// A whole walk over a stack and registers from the input, with good call frame information: rules,
// frame pointers, scanning, choosing a stack.
//
// Input: a byte for the architecture, then 16 registers as a byte that says where each points and a
// 16-bit offset, then the stack.
#include <cstdint>
#include <cstdlib>

#include "base/limits.h"
#include "unwind/test_process.h"

namespace {

using namespace inquest;
using inquest::testkit::CfiProgram;
using unwind::TestProcess;
constexpr uint64_t kText = testkit::FrameImage::kCode;

void describe(TestProcess& process, snapshot::Arch arch) {
  bool wide = arch == snapshot::Arch::x86_64;
  bool arm = !wide && arch != snapshot::Arch::x86;
  unsigned fp = wide ? 6 : arm ? 29 : 5, link = wide ? 16 : arm ? 30 : 8;
  auto spec = wide ? testkit::x64_cie() : arm ? testkit::arm64_cie() : testkit::x86_cie();
  size_t cie = process.frames.cie(spec);
  unsigned word = wide || arm ? 8 : 4;
  process.frames.fde(cie, kText, 0x100,
                     CfiProgram()
                         .advance(1)
                         .def_cfa_offset(2 * word)
                         .offset(fp, 2)
                         .offset(link, 1)
                         .advance(3)
                         .def_cfa_register(fp));
  process.frames.fde(cie, kText + 0x100, 0x100,
                     CfiProgram().advance(1).def_cfa_offset(4 * word).offset(link, 1));
  spec.augmentation = "zRS";
  const uint8_t saved[] = {0x77, 0x08};
  process.frames.fde(process.frames.cie(spec), kText + 0x200, 0x20,
                     CfiProgram().expression(link, saved));
  process.frames.fde(cie, kText + 0x300, 0x100, CfiProgram().undefined(link));
  // Calls everywhere, so that many words are return addresses.
  for (uint64_t at = 8; at < 0x700; at += 8) process.call(at, at & 0x300);
  process.write(0x800, {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05});
  process.write(0x810, {0x68, 0x11, 0x80, 0xd2, 0x01, 0, 0, 0xd4});
  process.write(0x820, {0xb8, 0xad, 0, 0, 0, 0xcd, 0x80});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kRegisters = 16, kHead = 1 + 3 * kRegisters;
  if (size < kHead) return 0;
  constexpr snapshot::Arch kArchs[] = {snapshot::Arch::x86_64, snapshot::Arch::x86,
                                       snapshot::Arch::aarch64};
  snapshot::Arch arch = kArchs[data[0] % 3];
  TestProcess process(arch);
  describe(process, arch);
  auto value = [](const uint8_t* from) {
    uint64_t offset = from[1] | from[2] << 8;
    switch (from[0] & 3) {
      case 0:
        return TestProcess::kCode + (offset & 0x1fff);
      case 1:
        return TestProcess::kStack + (offset & 0x3fff);
      case 2:
        return offset;
      default:
        return offset << 48;
    }
  };
  const auto& roles = snapshot::roles(arch);
  process.registers.set(roles.pc, value(data + 1));
  process.registers.set(roles.sp, value(data + 4));
  process.registers.set(roles.fp, value(data + 7));
  if (roles.link) process.registers.set(*roles.link, value(data + 10));
  for (unsigned n = 4; n < kRegisters && n < roles.count; ++n) {
    auto number = static_cast<snapshot::Register>(n);
    if (!process.registers.has(number)) process.registers.set(number, value(data + 1 + 3 * n));
  }
  unsigned word = snapshot::pointer_size(arch);
  uint64_t at = TestProcess::kStack;
  for (size_t i = kHead; i + 3 <= size && at + word <= process.stack.end(); i += 3, at += word) {
    process.stack.put(at, value(data + i));
  }
  unwind::Stack stack = process.walk();
  if (stack.frames.empty() || stack.depth() > kLimits.frames) std::abort();
  return 0;
}
