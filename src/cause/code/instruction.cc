#include "cause/code/instruction.h"

#include <Zydis/Zydis.h>
#include <array>

namespace inquest::cause {
namespace {

using snapshot::Arch;
using snapshot::Register;

std::optional<ZydisDecoder> decoder_of(Arch arch) {
  ZydisDecoder decoder;
  ZyanStatus status;
  switch (arch) {
    case Arch::x86_64:
      status = ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
      break;
    case Arch::x86:
      status = ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
      break;
    default:
      return {};
  }
  if (!ZYAN_SUCCESS(status)) return {};
  return decoder;
}

/// Zydis counts general registers in the order of their encoding: ax cx dx bx sp bp si di r8...
/// DWARF counts x86-64 as ax dx cx bx si di bp sp r8..., i386 as the encoding does.
std::optional<Register> dwarf_register(Arch arch, ZydisRegister full) {
  ZyanI8 id = ZydisRegisterGetId(full);
  if (id < 0 || id > 15) return {};
  if (arch == Arch::x86) return id < 8 ? std::optional<Register>(id) : std::nullopt;
  static constexpr Register order[8] = {0, 2, 1, 3, 7, 6, 4, 5};
  return id < 8 ? order[id] : static_cast<Register>(id);
}

std::optional<Register> general(Arch arch, ZydisRegister reg) {
  if (reg == ZYDIS_REGISTER_NONE) return {};
  auto mode = arch == Arch::x86 ? ZYDIS_MACHINE_MODE_LEGACY_32 : ZYDIS_MACHINE_MODE_LONG_64;
  ZydisRegister full = ZydisRegisterGetLargestEnclosing(mode, reg);
  ZydisRegisterClass kind = ZydisRegisterGetClass(full);
  if (kind != ZYDIS_REGCLASS_GPR64 && kind != ZYDIS_REGCLASS_GPR32) return {};
  return dwarf_register(arch, full);
}

Operation operation_of(ZydisMnemonic mnemonic) {
  switch (mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
      return Operation::move;
    case ZYDIS_MNEMONIC_MOVZX:
      return Operation::move_zero;
    case ZYDIS_MNEMONIC_MOVSX:
    case ZYDIS_MNEMONIC_MOVSXD:
      return Operation::move_sign;
    case ZYDIS_MNEMONIC_LEA:
      return Operation::lea;
    case ZYDIS_MNEMONIC_ADD:
      return Operation::add;
    case ZYDIS_MNEMONIC_SUB:
      return Operation::sub;
    case ZYDIS_MNEMONIC_AND:
      return Operation::bit_and;
    case ZYDIS_MNEMONIC_XOR:
      return Operation::bit_xor;
    case ZYDIS_MNEMONIC_PUSH:
      return Operation::push;
    case ZYDIS_MNEMONIC_POP:
      return Operation::pop;
    case ZYDIS_MNEMONIC_LEAVE:
      return Operation::leave;
    case ZYDIS_MNEMONIC_XCHG:
      return Operation::exchange;
    case ZYDIS_MNEMONIC_DIV:
      return Operation::divide;
    case ZYDIS_MNEMONIC_IDIV:
      return Operation::divide_signed;
    default:
      return Operation::other;
  }
}

Flow flow_of(const ZydisDecodedInstruction& raw) {
  switch (raw.meta.category) {
    case ZYDIS_CATEGORY_CALL:
      return Flow::call;
    case ZYDIS_CATEGORY_RET:
      return Flow::ret;
    case ZYDIS_CATEGORY_COND_BR:
      return Flow::branch;
    case ZYDIS_CATEGORY_UNCOND_BR:
      return Flow::jump;
    default:
      break;
  }
  switch (raw.mnemonic) {
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2:
    case ZYDIS_MNEMONIC_HLT:
      return Flow::trap;
    default:
      return Flow::next;
  }
}

/// Instructions of classes 2 and 4 demand alignment of 16-byte operands in their SSE form, but for
/// these, which exist to read unaligned data. Source: Intel SDM volume 2, section 2.5, tables 2-19
/// and 2-21 ("Legacy SSE: ... not aligned on a 16-byte boundary").
bool reads_unaligned(ZydisMnemonic mnemonic) {
  switch (mnemonic) {
    case ZYDIS_MNEMONIC_MOVDQU:
    case ZYDIS_MNEMONIC_MOVUPS:
    case ZYDIS_MNEMONIC_MOVUPD:
    case ZYDIS_MNEMONIC_LDDQU:
    case ZYDIS_MNEMONIC_MASKMOVDQU:
    case ZYDIS_MNEMONIC_PCMPESTRI:
    case ZYDIS_MNEMONIC_PCMPESTRM:
    case ZYDIS_MNEMONIC_PCMPISTRI:
    case ZYDIS_MNEMONIC_PCMPISTRM:
      return true;
    default:
      return false;
  }
}

unsigned alignment_of(const ZydisDecodedInstruction& raw, unsigned size) {
  switch (raw.meta.exception_class) {
    case ZYDIS_EXCEPTION_CLASS_SSE1:
    case ZYDIS_EXCEPTION_CLASS_AVX1:
    case ZYDIS_EXCEPTION_CLASS_E1:
    case ZYDIS_EXCEPTION_CLASS_E1NF:
      return size >= 16 ? size : 0;
    case ZYDIS_EXCEPTION_CLASS_SSE2:
    case ZYDIS_EXCEPTION_CLASS_SSE4:
      return size == 16 && !reads_unaligned(raw.mnemonic) ? 16 : 0;
    default:
      break;
  }
  switch (raw.mnemonic) {
    case ZYDIS_MNEMONIC_CMPXCHG16B:
    case ZYDIS_MNEMONIC_FXSAVE:
    case ZYDIS_MNEMONIC_FXSAVE64:
    case ZYDIS_MNEMONIC_FXRSTOR:
    case ZYDIS_MNEMONIC_FXRSTOR64:
      return 16;
    case ZYDIS_MNEMONIC_XSAVE:
    case ZYDIS_MNEMONIC_XSAVE64:
    case ZYDIS_MNEMONIC_XSAVEC:
    case ZYDIS_MNEMONIC_XSAVEC64:
    case ZYDIS_MNEMONIC_XRSTOR:
    case ZYDIS_MNEMONIC_XRSTOR64:
      return 64;
    default:
      return 0;
  }
}

void fill_memory(Arch arch, const ZydisDecodedInstruction& raw, const ZydisDecodedOperand& from,
                 Operand& to) {
  to.kind = Operand::Kind::memory;
  to.address_only = from.mem.type == ZYDIS_MEMOP_TYPE_AGEN || raw.mnemonic == ZYDIS_MNEMONIC_NOP ||
                    raw.meta.category == ZYDIS_CATEGORY_PREFETCH;
  to.vector_index = from.mem.type == ZYDIS_MEMOP_TYPE_VSIB;
  to.pc_relative = from.mem.base == ZYDIS_REGISTER_RIP || from.mem.base == ZYDIS_REGISTER_EIP;
  if (!to.pc_relative) {
    to.base = general(arch, from.mem.base);
    to.base_is_vector_or_unknown = from.mem.base != ZYDIS_REGISTER_NONE && !to.base;
  }
  if (!to.vector_index && from.mem.index != ZYDIS_REGISTER_NONE) {
    to.index = general(arch, from.mem.index);
    to.scale = from.mem.scale;
  }
  if (from.mem.disp.has_displacement) to.displacement = from.mem.disp.value;
  if (from.mem.segment == ZYDIS_REGISTER_FS) to.segment = Operand::Segment::fs;
  if (from.mem.segment == ZYDIS_REGISTER_GS) to.segment = Operand::Segment::gs;
  to.push = to.implicit && to.write && to.base == snapshot::roles(arch).sp;
  if (!to.address_only) to.alignment = alignment_of(raw, to.size);
}

Operand convert(Arch arch, const ZydisDecodedInstruction& raw, const ZydisDecodedOperand& from) {
  Operand to;
  to.read = (from.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
  to.write = (from.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
  to.conditional = (from.actions & ZYDIS_OPERAND_ACTION_CONDWRITE) != 0;
  to.implicit = from.visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
  to.size = from.size / 8;
  switch (from.type) {
    case ZYDIS_OPERAND_TYPE_REGISTER:
      to.kind = Operand::Kind::reg;
      to.reg = general(arch, from.reg.value);
      to.high_byte = from.reg.value >= ZYDIS_REGISTER_AH && from.reg.value <= ZYDIS_REGISTER_BH;
      break;
    case ZYDIS_OPERAND_TYPE_MEMORY:
      fill_memory(arch, raw, from, to);
      break;
    case ZYDIS_OPERAND_TYPE_IMMEDIATE:
      to.kind = Operand::Kind::immediate;
      to.immediate = from.imm.value.s;
      break;
    default:
      break;
  }
  return to;
}

struct RawDecoded {
  ZydisDecodedInstruction raw;
  std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
};

bool decode_raw(Arch arch, Bytes bytes, RawDecoded& out) {
  auto decoder = decoder_of(arch);
  return decoder && ZYAN_SUCCESS(ZydisDecoderDecodeFull(&*decoder, bytes.data(), bytes.size(),
                                                        &out.raw, out.operands.data()));
}

}  // namespace

const Operand* Instruction::explicit_operand(size_t position) const {
  for (const Operand& operand : operands) {
    if (operand.implicit) continue;
    if (position-- == 0) return &operand;
  }
  return nullptr;
}

std::optional<Instruction> decode(Arch arch, Bytes bytes, Address at) {
  RawDecoded decoded;
  if (!decode_raw(arch, bytes, decoded)) return {};
  const auto& raw = decoded.raw;

  Instruction out;
  out.at = at;
  out.length = raw.length;
  out.operation = operation_of(raw.mnemonic);
  if (raw.meta.category == ZYDIS_CATEGORY_CMOV) out.operation = Operation::conditional_move;
  out.flow = flow_of(raw);
  out.is_undefined_trap = out.flow == Flow::trap && raw.mnemonic != ZYDIS_MNEMONIC_HLT;
  out.is_breakpoint = raw.mnemonic == ZYDIS_MNEMONIC_INT3;
  out.is_halt_or_privileged = (raw.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED) != 0 ||
                              raw.meta.category == ZYDIS_CATEGORY_IO ||
                              raw.meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
  if (const char* text = ZydisMnemonicGetString(raw.mnemonic)) out.mnemonic = text;
  if (const char* text = ZydisISAExtGetString(raw.meta.isa_ext)) out.extension = text;
  for (unsigned i = 0; i < raw.operand_count; ++i) {
    const auto& operand = decoded.operands[i];
    if (operand.type == ZYDIS_OPERAND_TYPE_IMMEDIATE && operand.imm.is_relative) {
      ZyanU64 target = 0;
      if (ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&raw, &operand, at.value, &target))) {
        out.target = Address{target};
      }
      continue;
    }
    out.operands.push_back(convert(arch, raw, operand));
  }
  return out;
}

std::optional<Instruction> decode(Arch arch, const snapshot::Memory& memory, Address at) {
  std::array<std::byte, ZYDIS_MAX_INSTRUCTION_LENGTH> bytes;
  size_t n = memory.read(at, bytes);
  if (n == 0) return {};
  return decode(arch, Bytes(bytes).first(n), at);
}

std::string disassemble(Arch arch, Bytes bytes, Address at) {
  RawDecoded decoded;
  if (!decode_raw(arch, bytes, decoded)) return {};
  ZydisFormatter formatter;
  if (!ZYAN_SUCCESS(ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL))) return {};
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE,
                            ZYDIS_PADDING_DISABLED);
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_DISP_PADDING, ZYDIS_PADDING_DISABLED);
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_IMM_PADDING, ZYDIS_PADDING_DISABLED);
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE);
  char text[256];
  if (!ZYAN_SUCCESS(ZydisFormatterFormatInstruction(
          &formatter, &decoded.raw, decoded.operands.data(), decoded.raw.operand_count_visible,
          text, sizeof text, at.value, nullptr))) {
    return {};
  }
  return text;
}

std::optional<Address> effective_address(const Instruction& instruction, const Operand& operand,
                                         const snapshot::Registers& registers,
                                         std::optional<uint64_t> segment_base) {
  if (operand.kind != Operand::Kind::memory || operand.vector_index) return {};
  if (operand.base_is_vector_or_unknown) return {};
  uint64_t sum = static_cast<uint64_t>(operand.displacement);
  if (operand.segment != Operand::Segment::flat) {
    if (!segment_base) return {};
    sum += *segment_base;
  }
  if (operand.pc_relative) sum += instruction.next().value;
  if (operand.base) {
    auto base = registers.get(*operand.base);
    if (!base) return {};
    sum += *base;
  }
  if (operand.index) {
    auto index = registers.get(*operand.index);
    if (!index) return {};
    sum += *index * operand.scale;
  }
  if (operand.push) sum -= operand.size;
  if (!snapshot::is_64_bit(registers.arch())) sum = static_cast<uint32_t>(sum);
  return Address{sum};
}

}  // namespace inquest::cause
