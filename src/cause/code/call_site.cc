#include "cause/code/call_site.h"

#include <Zydis/Zydis.h>
#include <array>
#include <vector>

#include "cause/code/x64.h"

namespace inquest::cause {
namespace {

using snapshot::Register;
namespace x64 = snapshot::x64;

constexpr uint64_t kMostCode = 1 << 16;
constexpr size_t kMostSteps = 64;

/// Where the function that holds `at` begins; absent when no symbol says.
std::optional<Address> function_begin(const Process& process, Address at) {
  Located place = process.locate(at);
  if (!place.module) return {};
  Rva begin{};
  if (!place.source.empty()) begin = place.source.back().begin;
  if (begin.value == 0) {
    auto nearest = process.symbols(*place.module).symbol_at(place.rva);
    if (!nearest) return {};
    begin = place.rva - nearest->offset;
  }
  Address address = place.module->range.begin + begin.value;
  if (at < address || at - address > kMostCode) return {};
  return address;
}

/// The instructions from the function's begin to the call that returns to `to`.
std::vector<Decoded> code_before(const Process& process, Address to) {
  std::vector<Decoded> code;
  auto begin = function_begin(process, to - 1);
  if (!begin) return code;
  std::vector<std::byte> bytes(to - *begin);
  if (process.memory().read(*begin, bytes) != bytes.size()) return code;
  for (uint64_t at = 0; at < bytes.size();) {
    auto decoded = decode_x64(std::span(bytes).subspan(at), *begin + at);
    if (!decoded) return {};
    at += decoded->instruction.length;
    code.push_back(*decoded);
  }
  // Linear decoding must arrive at the return address, or the call is not where it seems.
  if (code.empty() || !code.back().is_call()) return {};
  return code;
}

/// Evaluates registers backwards from an instruction of a straight run of code.
class Backtrack {
 public:
  Backtrack(const Process& process, const unwind::Frame& frame, const std::vector<Decoded>& code)
      : process_(process), frame_(frame), code_(code) {}

  /// The value of `reg` before code_[index] runs.
  std::optional<uint64_t> value(Register reg, size_t index) {
    if (++steps_ > kMostSteps) return {};
    for (size_t i = index; i-- > 0;) {
      const Decoded& step = code_[i];
      if (step.is_jump_always() || step.is_return()) return {};
      if (step.is_call() && !is_callee_saved(reg)) return {};
      if (!step.writes(reg)) continue;
      return result(step, reg, i);
    }
    return {};
  }

  /// Of a register that the frame still has: nothing but additions of constants (a loop's pointer)
  /// happens to it between code_[index] and the call.
  std::optional<uint64_t> kept(Register reg, size_t index) const {
    if (reg != x64::rsp && !is_callee_saved(reg)) return {};
    uint64_t added = 0;
    for (size_t i = index; i < code_.size(); ++i) {
      const Decoded& step = code_[i];
      if (step.is_call()) continue;  // callee-saved, and a call leaves rsp as it was
      if (!step.writes(reg)) continue;
      const auto& amount = step.operands[1];
      bool add = step.instruction.mnemonic == ZYDIS_MNEMONIC_ADD;
      bool sub = step.instruction.mnemonic == ZYDIS_MNEMONIC_SUB;
      if ((!add && !sub) || amount.type != ZYDIS_OPERAND_TYPE_IMMEDIATE ||
          step.operands[0].size != 64) {
        return {};
      }
      added += add ? amount.imm.value.u : 0 - amount.imm.value.u;
    }
    auto value = frame_.registers.get(reg);
    if (!value) return {};
    return *value - added;
  }

 private:
  std::optional<uint64_t> read(Register reg, size_t index) {
    if (auto known = kept(reg, index)) return known;
    return value(reg, index);
  }

  std::optional<uint64_t> address(const ZydisDecodedOperand& operand, const Decoded& step,
                                  size_t index) {
    uint64_t sum = static_cast<uint64_t>(operand.mem.disp.value);
    if (operand.mem.segment == ZYDIS_REGISTER_FS || operand.mem.segment == ZYDIS_REGISTER_GS) {
      return {};
    }
    if (operand.mem.base == ZYDIS_REGISTER_RIP) return sum + step.end().value;
    if (operand.mem.base != ZYDIS_REGISTER_NONE) {
      auto base = dwarf_register(operand.mem.base);
      auto part = base ? read(*base, index) : std::nullopt;
      if (!part) return {};
      sum += *part;
    }
    if (operand.mem.index != ZYDIS_REGISTER_NONE) {
      auto reg = dwarf_register(operand.mem.index);
      auto part = reg ? read(*reg, index) : std::nullopt;
      if (!part) return {};
      sum += *part * operand.mem.scale;
    }
    return sum;
  }

  /// What `step`, the last to write `reg`, put there.
  std::optional<uint64_t> result(const Decoded& step, Register, size_t index) {
    const auto& to = step.operands[0];
    const auto& from = step.operands[1];
    if (step.instruction.operand_count_visible < 2) return {};
    if (to.type != ZYDIS_OPERAND_TYPE_REGISTER || to.size < 32) return {};
    auto trim = [&](uint64_t v) { return to.size == 32 ? static_cast<uint32_t>(v) : v; };
    switch (step.instruction.mnemonic) {
      case ZYDIS_MNEMONIC_MOV:
        if (from.type == ZYDIS_OPERAND_TYPE_IMMEDIATE) return trim(from.imm.value.u);
        if (from.type == ZYDIS_OPERAND_TYPE_REGISTER) {
          auto reg = dwarf_register(from.reg.value);
          auto v = reg ? read(*reg, index) : std::nullopt;
          if (!v) return {};
          return trim(*v);
        }
        if (from.type == ZYDIS_OPERAND_TYPE_MEMORY) {
          auto at = address(from, step, index);
          if (!at) return {};
          if (to.size == 32) {
            auto v = process_.memory().read<uint32_t>(Address{*at});
            if (!v) return {};
            return *v;
          }
          return process_.memory().read<uint64_t>(Address{*at});
        }
        return {};
      case ZYDIS_MNEMONIC_LEA: {
        auto at = address(from, step, index);
        if (!at) return {};
        return trim(*at);
      }
      case ZYDIS_MNEMONIC_ADD:
      case ZYDIS_MNEMONIC_SUB: {
        if (from.type != ZYDIS_OPERAND_TYPE_IMMEDIATE) return {};
        auto reg = dwarf_register(to.reg.value);
        auto v = reg ? value(*reg, index) : std::nullopt;
        if (!v) return {};
        bool add = step.instruction.mnemonic == ZYDIS_MNEMONIC_ADD;
        return trim(add ? *v + from.imm.value.u : *v - from.imm.value.u);
      }
      case ZYDIS_MNEMONIC_XOR:
        if (from.type == ZYDIS_OPERAND_TYPE_REGISTER && from.reg.value == to.reg.value) return 0;
        return {};
      default:
        return {};
    }
  }

  const Process& process_;
  const unwind::Frame& frame_;
  const std::vector<Decoded>& code_;
  size_t steps_ = 0;
};

}  // namespace

std::optional<uint64_t> argument_at_call(const Process& process, const unwind::Frame& frame,
                                         snapshot::Register reg) {
  if (process.arch() != snapshot::Arch::x86_64 || frame.pc_is_exact) return {};
  auto code = code_before(process, frame.pc);
  if (code.empty()) return {};
  Backtrack backtrack(process, frame, code);
  size_t call = code.size() - 1;
  if (auto known = backtrack.kept(reg, call)) return known;
  return backtrack.value(reg, call);
}

std::optional<Address> call_target(const Process& process, const unwind::Frame& frame) {
  if (process.arch() != snapshot::Arch::x86_64 || frame.pc_is_exact) return {};
  const auto& memory = process.memory();
  // call rel32 and call [rip + disp32] are all that name their target; 5 and 6 bytes long.
  for (uint64_t length : {uint64_t{5}, uint64_t{6}}) {
    std::array<std::byte, 6> code{};
    auto bytes = std::span(code).first(length);
    if (memory.read(frame.pc - length, bytes) != length) continue;
    auto step = decode_x64(bytes, frame.pc - length);
    if (!step || !step->is_call() || step->instruction.length != length) continue;
    if (auto direct = step->direct_target()) {
      // A PLT slot: (endbr64;) (bnd) jmp [rip + got].
      std::array<std::byte, 16> slot{};
      Address at = *direct;
      size_t size = memory.read(at, slot);
      auto first = decode_x64(std::span(slot).first(size), at);
      if (first && first->instruction.mnemonic == ZYDIS_MNEMONIC_ENDBR64) {
        first = decode_x64(std::span(slot).first(size).subspan(first->instruction.length),
                           first->end());
      }
      if (first && first->is_jump_always() &&
          first->operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY &&
          first->operands[0].mem.base == ZYDIS_REGISTER_RIP) {
        auto target = memory.read<uint64_t>(
            first->end() + static_cast<uint64_t>(first->operands[0].mem.disp.value));
        if (target && *target != 0) return Address{*target};
      }
      return direct;
    }
    const auto& operand = step->operands[0];
    if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.base == ZYDIS_REGISTER_RIP) {
      auto target = memory.read<uint64_t>(frame.pc + static_cast<uint64_t>(operand.mem.disp.value));
      if (target && *target != 0) return Address{*target};
    }
  }
  return {};
}

std::optional<uint64_t> virtual_slot_at_call(const Process& process, const unwind::Frame& frame) {
  if (process.arch() != snapshot::Arch::x86_64 || frame.pc_is_exact) return {};
  auto code = code_before(process, frame.pc);
  if (code.empty()) return {};
  const Decoded& call = code.back();
  const auto& target = call.operands[0];
  if (target.type == ZYDIS_OPERAND_TYPE_MEMORY && target.mem.base != ZYDIS_REGISTER_NONE &&
      target.mem.base != ZYDIS_REGISTER_RIP && target.mem.index == ZYDIS_REGISTER_NONE) {
    return static_cast<uint64_t>(target.mem.disp.value);
  }
  // -O0: add rax, 16; mov rdx, [rax]; ...; call rdx
  if (target.type != ZYDIS_OPERAND_TYPE_REGISTER) return {};
  auto wanted = dwarf_register(target.reg.value);
  for (size_t i = code.size() - 1; wanted && i-- > 0;) {
    const Decoded& step = code[i];
    if (step.is_call() || step.is_jump_always()) return {};
    if (!step.writes(*wanted)) continue;
    const auto& from = step.operands[1];
    if (step.instruction.mnemonic == ZYDIS_MNEMONIC_ADD &&
        from.type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
      return from.imm.value.u;
    }
    if (step.instruction.mnemonic != ZYDIS_MNEMONIC_MOV) return {};
    if (from.type == ZYDIS_OPERAND_TYPE_REGISTER) {
      wanted = dwarf_register(from.reg.value);
      continue;
    }
    if (from.type != ZYDIS_OPERAND_TYPE_MEMORY) return {};
    if (from.mem.disp.value != 0) return static_cast<uint64_t>(from.mem.disp.value);
    auto base = dwarf_register(from.mem.base);
    if (!base) return {};
    // Either the pointer was moved by an add before, or the slot is the first.
    if (i > 0 && code[i - 1].writes(*base) &&
        code[i - 1].instruction.mnemonic == ZYDIS_MNEMONIC_ADD) {
      wanted = base;
      continue;
    }
    return 0;
  }
  return {};
}

}  // namespace inquest::cause
