#include "symbols/pdb/cv_registers.h"

#include <array>

namespace inquest::symbols::pdb {
namespace {

/// DWARF numbers in the order of CodeView: rax rbx rcx rdx rsi rdi rbp rsp r8..r15.
constexpr std::array<uint8_t, 16> kX64Order = {0, 3, 2,  1,  4,  5,  6,  7,
                                               8, 9, 10, 11, 12, 13, 14, 15};
/// eax ecx edx ebx esp ebp esi edi: the same order in both for x86; for x64 the low halves.
constexpr std::array<uint8_t, 8> kX64Halves = {0, 2, 1, 3, 7, 6, 4, 5};

}  // namespace

std::optional<snapshot::Register> register_of(uint16_t machine, uint16_t cv) {
  if (machine == kX86) {
    if (cv >= 17 && cv <= 24) return static_cast<snapshot::Register>(cv - 17);
    if (cv == 30006) return 5;  // VFRAME: as good as ebp where there is a frame
    return {};
  }
  if (machine == kX64) {
    if (cv >= 328 && cv < 344) return kX64Order[cv - 328];
    if (cv >= 17 && cv <= 24) return kX64Halves[cv - 17];
    if (cv >= 360 && cv < 368) return static_cast<snapshot::Register>(8 + cv - 360);
    return {};
  }
  if (machine == kArm64) {
    if (cv >= 50 && cv <= 81) return static_cast<snapshot::Register>(cv - 50);
    if (cv >= 10 && cv <= 40) return static_cast<snapshot::Register>(cv - 10);
  }
  return {};
}

std::optional<snapshot::Register> frame_register(uint16_t machine, uint32_t encoded) {
  if (machine == kX64) {
    if (encoded == 1) return snapshot::x64::rsp;
    if (encoded == 2) return snapshot::x64::rbp;
    if (encoded == 3) return snapshot::x64::r13;
  }
  if (machine == kX86) {
    if (encoded == 2) return 5;  // ebp
    if (encoded == 3) return 3;  // ebx
  }
  if (machine == kArm64) {
    if (encoded == 1) return snapshot::arm64::sp;
    if (encoded == 2) return snapshot::arm64::fp;
  }
  return {};
}

}  // namespace inquest::symbols::pdb
