#include "cause/runtime/followed_call.h"

#include <array>
#include <unordered_map>

#include "cause/code/x64.h"
#include "cause/runtime/what.h"

namespace inquest::cause {
namespace {

namespace x64 = snapshot::x64;
using snapshot::Register;

constexpr size_t kMostFollowedSteps = 400;
constexpr int kDeepestCall = 6;
constexpr uint64_t kScratchStack =
    0x7e0000000000;             // no process has its stack here: half of it free
constexpr uint64_t kNoWay = 1;  // an odd return address that no code has

struct State {
  std::array<std::optional<uint64_t>, 16> registers{};
  std::optional<bool> zero = {};  ///< the zero flag, when the last comparison is known
};

class Follower {
 public:
  explicit Follower(const Process& process) : process_(process) {}

  std::optional<uint64_t> call(Address at, State state, int depth) {
    if (depth > kDeepestCall) return {};
    while (++steps_ <= kMostFollowedSteps) {
      std::array<std::byte, 16> code{};
      size_t size = process_.memory().read(at, code);
      if (size == 0) return {};
      auto step = decode_x64(std::span(code).first(size), at);
      if (!step) return {};
      at = step->end();
      if (step->is_return()) return state.registers[x64::rax];
      if (step->is_call()) {
        if (!called(*step, state, depth)) return {};
      } else if (step->is_jump_always()) {
        auto target = target_of(*step, state);
        if (!target) return {};
        at = *target;
      } else if (step->instruction.meta.category == ZYDIS_CATEGORY_COND_BR) {
        auto taken = branch(*step, state);
        auto target = step->direct_target();
        if (!taken || !target) return {};
        if (*taken) at = *target;
      } else if (!execute(*step, state)) {
        return {};
      }
    }
    return {};
  }

 private:
  std::optional<Address> target_of(const Decoded& step, const State& state) {
    if (auto direct = step.direct_target()) return direct;
    auto value = read(step, step.operands[0], state);
    if (!value || *value == 0) return {};
    return Address{*value};
  }

  bool called(const Decoded& step, State& state, int depth) {
    auto self = state.registers[x64::rdi];
    std::optional<uint64_t> result;
    if (auto target = target_of(step, state)) {
      State inner = state;
      inner.registers[x64::rsp] = state.registers[x64::rsp].value_or(kScratchStack) - 8;
      written_[*inner.registers[x64::rsp]] = kNoWay;
      result = call(*target, inner, depth + 1);
    }
    // A call that cannot be followed (a PLT slot that was never bound) on a std::string: c_str().
    if (!result && self && std_string_at(process_.memory(), Address{*self})) {
      result = process_.memory().read<uint64_t>(Address{*self});
    }
    if (!result) return false;
    for (Register r :
         {x64::rcx, x64::rdx, x64::rsi, x64::rdi, x64::r8, x64::r9, x64::r10, x64::r11}) {
      state.registers[r].reset();
    }
    state.registers[x64::rax] = result;
    state.zero.reset();
    return true;
  }

  static std::optional<bool> branch(const Decoded& step, const State& state) {
    if (!state.zero) return {};
    if (step.instruction.mnemonic == ZYDIS_MNEMONIC_JZ) return *state.zero;
    if (step.instruction.mnemonic == ZYDIS_MNEMONIC_JNZ) return !*state.zero;
    return {};
  }

  std::optional<uint64_t> address(const Decoded& step, const ZydisDecodedOperand& operand,
                                  const State& state) {
    uint64_t sum = static_cast<uint64_t>(operand.mem.disp.value);
    if (operand.mem.base == ZYDIS_REGISTER_RIP) return sum + step.end().value;
    for (auto [name, scale] : {std::pair{operand.mem.base, uint64_t{1}},
                               std::pair{operand.mem.index, uint64_t{operand.mem.scale}}}) {
      if (name == ZYDIS_REGISTER_NONE) continue;
      auto reg = dwarf_register(name);
      if (!reg || !state.registers[*reg]) return {};
      sum += *state.registers[*reg] * scale;
    }
    return sum;
  }

  std::optional<uint64_t> load(uint64_t at, unsigned bits) {
    if (auto own = written_.find(at); own != written_.end()) {
      return bits == 64 ? own->second : own->second & ((uint64_t{1} << bits) - 1);
    }
    const auto& memory = process_.memory();
    auto widen = [](auto value) -> std::optional<uint64_t> {
      if (!value) return {};
      return uint64_t{*value};
    };
    switch (bits) {
      case 64:
        return memory.read<uint64_t>(Address{at});
      case 32:
        return widen(memory.read<uint32_t>(Address{at}));
      case 16:
        return widen(memory.read<uint16_t>(Address{at}));
      case 8:
        return widen(memory.read<uint8_t>(Address{at}));
      default:
        return {};
    }
  }

  std::optional<uint64_t> read(const Decoded& step, const ZydisDecodedOperand& operand,
                               const State& state) {
    switch (operand.type) {
      case ZYDIS_OPERAND_TYPE_IMMEDIATE:
        return operand.imm.value.u;
      case ZYDIS_OPERAND_TYPE_REGISTER: {
        auto reg = dwarf_register(operand.reg.value);
        if (!reg || !state.registers[*reg] || operand.reg.value == ZYDIS_REGISTER_AH) return {};
        uint64_t value = *state.registers[*reg];
        return operand.size >= 64 ? value : value & ((uint64_t{1} << operand.size) - 1);
      }
      case ZYDIS_OPERAND_TYPE_MEMORY: {
        // The stack protector's canary: any constant serves.
        if (operand.mem.segment == ZYDIS_REGISTER_FS) return 0;
        auto at = address(step, operand, state);
        if (!at) return {};
        return load(*at, operand.size);
      }
      default:
        return {};
    }
  }

  bool write(const Decoded& step, const ZydisDecodedOperand& operand, uint64_t value,
             State& state) {
    if (operand.type == ZYDIS_OPERAND_TYPE_REGISTER) {
      auto reg = dwarf_register(operand.reg.value);
      if (!reg || operand.size < 32) return false;
      state.registers[*reg] = operand.size == 32 ? static_cast<uint32_t>(value) : value;
      return true;
    }
    if (operand.type != ZYDIS_OPERAND_TYPE_MEMORY || operand.size < 32) return false;
    auto at = address(step, operand, state);
    if (!at) return false;
    written_[*at] = operand.size == 32 ? static_cast<uint32_t>(value) : value;
    return true;
  }

  bool push(uint64_t value, State& state) {
    auto& sp = state.registers[x64::rsp];
    if (!sp) return false;
    *sp -= 8;
    written_[*sp] = value;
    return true;
  }
  std::optional<uint64_t> pop(State& state) {
    auto& sp = state.registers[x64::rsp];
    auto value = sp ? load(*sp, 64) : std::nullopt;
    if (value) *sp += 8;
    return value;
  }

  bool execute(const Decoded& step, State& state) {
    const auto& to = step.operands[0];
    const auto& from = step.operands[1];
    switch (step.instruction.mnemonic) {
      case ZYDIS_MNEMONIC_ENDBR64:
      case ZYDIS_MNEMONIC_NOP:
        return true;
      case ZYDIS_MNEMONIC_PUSH: {
        // What a prologue saves need not be known.
        auto value = read(step, to, state);
        if (to.type == ZYDIS_OPERAND_TYPE_IMMEDIATE) return false;  // a PLT's way to the linker
        return push(value.value_or(0), state);
      }
      case ZYDIS_MNEMONIC_POP: {
        auto value = pop(state);
        return value && write(step, to, *value, state);
      }
      case ZYDIS_MNEMONIC_LEAVE: {
        state.registers[x64::rsp] = state.registers[x64::rbp];
        auto value = pop(state);
        state.registers[x64::rbp] = value;
        return value.has_value();
      }
      case ZYDIS_MNEMONIC_LEA: {
        auto at = address(step, from, state);
        return at && write(step, to, *at, state);
      }
      case ZYDIS_MNEMONIC_MOV:
      case ZYDIS_MNEMONIC_MOVZX: {
        auto value = read(step, from, state);
        if (value) return write(step, to, *value, state);
        auto reg =
            to.type == ZYDIS_OPERAND_TYPE_REGISTER ? dwarf_register(to.reg.value) : std::nullopt;
        if (!reg) return false;
        state.registers[*reg].reset();
        return true;
      }
      case ZYDIS_MNEMONIC_ADD:
      case ZYDIS_MNEMONIC_SUB:
      case ZYDIS_MNEMONIC_AND:
      case ZYDIS_MNEMONIC_XOR: {
        bool clears = step.instruction.mnemonic == ZYDIS_MNEMONIC_XOR &&
                      to.type == ZYDIS_OPERAND_TYPE_REGISTER &&
                      from.type == ZYDIS_OPERAND_TYPE_REGISTER && to.reg.value == from.reg.value;
        auto a = clears ? std::optional<uint64_t>(0) : read(step, to, state);
        auto b = clears ? std::optional<uint64_t>(0) : read(step, from, state);
        if (!a || !b) return false;
        uint64_t value = 0;
        switch (step.instruction.mnemonic) {
          case ZYDIS_MNEMONIC_ADD:
            value = *a + *b;
            break;
          case ZYDIS_MNEMONIC_SUB:
            value = *a - *b;
            break;
          case ZYDIS_MNEMONIC_AND:
            value = *a & *b;
            break;
          default:
            value = *a ^ *b;
        }
        state.zero = (to.size == 32 ? static_cast<uint32_t>(value) : value) == 0;
        return write(step, to, value, state);
      }
      case ZYDIS_MNEMONIC_CMP:
      case ZYDIS_MNEMONIC_TEST: {
        auto a = read(step, to, state);
        auto b = read(step, from, state);
        if (!a || !b) {
          state.zero.reset();
          return true;
        }
        uint64_t mask = to.size >= 64 ? UINT64_MAX : (uint64_t{1} << to.size) - 1;
        bool is_test = step.instruction.mnemonic == ZYDIS_MNEMONIC_TEST;
        state.zero = ((is_test ? *a & *b : *a - *b) & mask) == 0;
        return true;
      }
      default:
        return false;
    }
  }

  const Process& process_;
  std::unordered_map<uint64_t, uint64_t> written_;
  size_t steps_ = 0;
};

}  // namespace

std::optional<uint64_t> followed_call(const Process& process, Address function, Address self) {
  State state;
  state.registers[x64::rdi] = self.value;
  state.registers[x64::rsp] = kScratchStack;
  Follower follower(process);
  return follower.call(function, state, 0);
}

}  // namespace inquest::cause
