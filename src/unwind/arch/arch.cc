#include "unwind/arch/arch.h"

namespace inquest::unwind {

const ArchFacts& arch_facts(snapshot::Arch arch) {
  switch (arch) {
    case snapshot::Arch::x86_64:
      return kX64Facts;
    case snapshot::Arch::x86:
      return kX86Facts;
    case snapshot::Arch::aarch64:
      return kArm64Facts;
    case snapshot::Arch::arm:
      return kArmFacts;
  }
  return kX64Facts;
}

void forget_lost_in_call(snapshot::Registers& registers, bool windows) {
  namespace x64 = snapshot::x64;
  bool keeps_two = windows && registers.arch() == snapshot::Arch::x86_64;
  for (snapshot::Register lost : arch_facts(registers.arch()).lost_in_call) {
    if (keeps_two && (lost == x64::rsi || lost == x64::rdi)) continue;
    registers.forget(lost);
  }
}

uint64_t strip_signature(snapshot::Arch arch, uint64_t address) {
  // User space addresses have 48 bits in all but specially asked-for mappings; the signature, and a
  // tag in the top byte, lie above.
  constexpr uint64_t kUserBits = (uint64_t{1} << 48) - 1;
  return arch == snapshot::Arch::aarch64 ? address & kUserBits : address;
}

}  // namespace inquest::unwind
