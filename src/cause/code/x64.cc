#include "cause/code/x64.h"

namespace inquest::cause {
namespace {

const ZydisDecoder& decoder() {
  static const ZydisDecoder instance = [] {
    ZydisDecoder d;
    ZydisDecoderInit(&d, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    return d;
  }();
  return instance;
}

}  // namespace

std::optional<snapshot::Register> dwarf_register(ZydisRegister reg) {
  namespace x64 = snapshot::x64;
  switch (ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg)) {
    case ZYDIS_REGISTER_RAX:
      return x64::rax;
    case ZYDIS_REGISTER_RDX:
      return x64::rdx;
    case ZYDIS_REGISTER_RCX:
      return x64::rcx;
    case ZYDIS_REGISTER_RBX:
      return x64::rbx;
    case ZYDIS_REGISTER_RSI:
      return x64::rsi;
    case ZYDIS_REGISTER_RDI:
      return x64::rdi;
    case ZYDIS_REGISTER_RBP:
      return x64::rbp;
    case ZYDIS_REGISTER_RSP:
      return x64::rsp;
    case ZYDIS_REGISTER_R8:
      return x64::r8;
    case ZYDIS_REGISTER_R9:
      return x64::r9;
    case ZYDIS_REGISTER_R10:
      return x64::r10;
    case ZYDIS_REGISTER_R11:
      return x64::r11;
    case ZYDIS_REGISTER_R12:
      return x64::r12;
    case ZYDIS_REGISTER_R13:
      return x64::r13;
    case ZYDIS_REGISTER_R14:
      return x64::r14;
    case ZYDIS_REGISTER_R15:
      return x64::r15;
    default:
      return {};
  }
}

bool is_callee_saved(snapshot::Register reg) {
  namespace x64 = snapshot::x64;
  return reg == x64::rbx || reg == x64::rbp || (reg >= x64::r12 && reg <= x64::r15);
}

bool Decoded::writes(snapshot::Register reg) const {
  for (size_t i = 0; i < instruction.operand_count; ++i) {
    const auto& operand = operands[i];
    if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) continue;
    if (!(operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)) continue;
    if (dwarf_register(operand.reg.value) == reg) return true;
  }
  return false;
}

std::optional<Address> Decoded::direct_target() const {
  const auto& target = operands[0];
  if (instruction.operand_count == 0 || target.type != ZYDIS_OPERAND_TYPE_IMMEDIATE ||
      !target.imm.is_relative) {
    return {};
  }
  return end() + static_cast<uint64_t>(target.imm.value.s);
}

std::optional<Decoded> decode_x64(Bytes code, Address at) {
  Decoded out;
  out.at = at;
  if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder(), code.data(), code.size(), &out.instruction,
                                           out.operands.data()))) {
    return {};
  }
  return out;
}

}  // namespace inquest::cause
