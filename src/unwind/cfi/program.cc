#include "unwind/cfi/program.h"

#include <array>
#include <bit>

namespace inquest::unwind {
namespace {

using snapshot::Registers;
using Kind = RegisterRule::Kind;

namespace cfa_op {
// The two high bits; the low six are the operand.
constexpr uint8_t advance_loc = 0x40, offset = 0x80, restore = 0xc0, high_mask = 0xc0,
                  low_mask = 0x3f;
constexpr uint8_t nop = 0x00, set_loc = 0x01, advance_loc1 = 0x02, advance_loc2 = 0x03,
                  advance_loc4 = 0x04, offset_extended = 0x05, restore_extended = 0x06,
                  undefined = 0x07, same_value = 0x08, register_ = 0x09, remember_state = 0x0a,
                  restore_state = 0x0b, def_cfa = 0x0c, def_cfa_register = 0x0d,
                  def_cfa_offset = 0x0e, def_cfa_expression = 0x0f, expression = 0x10,
                  offset_extended_sf = 0x11, def_cfa_sf = 0x12, def_cfa_offset_sf = 0x13,
                  val_offset = 0x14, val_offset_sf = 0x15, val_expression = 0x16,
                  mips_advance_loc8 = 0x1d, negate_ra_state_with_pc = 0x2c, negate_ra_state = 0x2d,
                  gnu_args_size = 0x2e, gnu_negative_offset_extended = 0x2f;
}  // namespace cfa_op

/// Deeper nesting of remember_state does not occur in what compilers write.
constexpr size_t kRememberedStates = 64;

struct State {
  CfaRule cfa = {};
  bool return_signed = false;
  uint64_t said = 0;  // bit n: rules[n] holds
  std::array<RegisterRule, Registers::kCapacity> rules;
};

class Program {
 public:
  Program(const FrameSection& section, const Cie& cie, uint64_t begin, uint64_t target)
      : section_(section), cie_(cie), location_(begin), target_(target) {
    section_.pointer_size = cie.address_size;
  }

  /// Runs until the location passes the target or the bytes end.
  Result<> run(Bytes program, uint64_t offset, bool initial) {
    // The cursor's positions are the section's, for encoded pointers.
    Cursor cursor(section_.bytes.first(offset + program.size()), "call frame instructions");
    cursor.seek(offset);
    while (!cursor.at_end()) {
      if (!instruction(cursor, initial)) break;
    }
    return cursor.finish();
  }
  void keep_initial() { initial_ = state_; }
  const State& state() const { return state_; }

 private:
  /// Registers that we do not follow (vector registers, flags) are read past.
  void say(uint64_t reg, Kind kind, int64_t offset = 0, uint64_t other = 0, Bytes expression = {}) {
    if (reg >= Registers::kCapacity) return;
    if (other >= Registers::kCapacity) kind = Kind::undefined;
    state_.rules[reg] = {.kind = kind,
                         .reg = static_cast<uint8_t>(reg),
                         .other = static_cast<uint8_t>(other),
                         .offset = offset,
                         .expression = expression};
    state_.said |= uint64_t{1} << reg;
  }
  void restore(uint64_t reg) {
    if (reg >= Registers::kCapacity) return;
    uint64_t bit = uint64_t{1} << reg;
    state_.rules[reg] = initial_.rules[reg];
    state_.said = (state_.said & ~bit) | (initial_.said & bit);
  }
  void define_cfa(Cursor& cursor, uint64_t reg, int64_t offset) {
    if (reg >= Registers::kCapacity) return cursor.error("CFA from a register that we do not know");
    state_.cfa = {
        .kind = CfaRule::Kind::register_offset, .reg = static_cast<uint8_t>(reg), .offset = offset};
  }
  /// False when the location has passed the target.
  bool advance(uint64_t delta) {
    uint64_t step = delta * cie_.code_align;
    if (step > target_ - location_) return false;  // location <= target always holds
    location_ += step;
    return true;
  }
  int64_t factored(uint64_t n) const {
    return static_cast<int64_t>(n * static_cast<uint64_t>(cie_.data_align));
  }
  bool instruction(Cursor& cursor, bool initial);
  bool extended(Cursor& cursor, uint8_t code, bool initial);

  FrameSection section_;
  const Cie& cie_;
  uint64_t location_;
  uint64_t target_;
  State state_ = {};
  State initial_ = {};
  std::vector<State> remembered_;
};

bool Program::instruction(Cursor& cursor, bool initial) {
  auto code = static_cast<uint8_t>(cursor.read<u8>());
  uint8_t low = code & cfa_op::low_mask;
  switch (code & cfa_op::high_mask) {
    case cfa_op::advance_loc:
      return advance(low);
    case cfa_op::offset:
      say(low, Kind::offset, factored(cursor.uleb128()));
      return true;
    case cfa_op::restore:
      restore(low);
      return true;
    default:
      return extended(cursor, code, initial);
  }
}

bool Program::extended(Cursor& cursor, uint8_t code, bool initial) {
  switch (code) {
    case cfa_op::nop:
      return true;
    case cfa_op::set_loc: {
      auto at = read_pointer(cursor, cie_.pointer_encoding, section_);
      if (!at || *at > target_) return false;
      if (*at < location_) cursor.error("location goes back");
      location_ = *at;
      return true;
    }
    case cfa_op::advance_loc1:
      return advance(cursor.read<u8>());
    case cfa_op::advance_loc2:
      return advance(cursor.read<le16>());
    case cfa_op::advance_loc4:
      return advance(cursor.read<le32>());
    case cfa_op::mips_advance_loc8:
      return advance(cursor.read<le64>());
    case cfa_op::offset_extended: {
      uint64_t reg = cursor.uleb128();
      say(reg, Kind::offset, factored(cursor.uleb128()));
      return true;
    }
    case cfa_op::offset_extended_sf: {
      uint64_t reg = cursor.uleb128();
      say(reg, Kind::offset, factored(static_cast<uint64_t>(cursor.sleb128())));
      return true;
    }
    case cfa_op::gnu_negative_offset_extended: {
      uint64_t reg = cursor.uleb128();
      say(reg, Kind::offset, factored(uint64_t{0} - cursor.uleb128()));
      return true;
    }
    case cfa_op::val_offset: {
      uint64_t reg = cursor.uleb128();
      say(reg, Kind::val_offset, factored(cursor.uleb128()));
      return true;
    }
    case cfa_op::val_offset_sf: {
      uint64_t reg = cursor.uleb128();
      say(reg, Kind::val_offset, factored(static_cast<uint64_t>(cursor.sleb128())));
      return true;
    }
    case cfa_op::restore_extended:
      restore(cursor.uleb128());
      return true;
    case cfa_op::undefined:
      say(cursor.uleb128(), Kind::undefined);
      return true;
    case cfa_op::same_value:
      say(cursor.uleb128(), Kind::same);
      return true;
    case cfa_op::register_: {
      uint64_t reg = cursor.uleb128();
      say(reg, Kind::other_register, 0, cursor.uleb128());
      return true;
    }
    case cfa_op::expression:
    case cfa_op::val_expression: {
      uint64_t reg = cursor.uleb128();
      Bytes bytes = cursor.take(cursor.uleb128());
      say(reg, code == cfa_op::expression ? Kind::expression : Kind::val_expression, 0, 0, bytes);
      return true;
    }
    case cfa_op::remember_state:
      if (remembered_.size() >= kRememberedStates)
        cursor.error("too many remembered states");
      else
        remembered_.push_back(state_);
      return true;
    case cfa_op::restore_state:
      if (remembered_.empty() || initial) {
        cursor.error("no state was remembered");
      } else {
        state_ = remembered_.back();
        remembered_.pop_back();
      }
      return true;
    case cfa_op::def_cfa: {
      uint64_t reg = cursor.uleb128();
      define_cfa(cursor, reg, static_cast<int64_t>(cursor.uleb128()));
      return true;
    }
    case cfa_op::def_cfa_sf: {
      uint64_t reg = cursor.uleb128();
      define_cfa(cursor, reg, factored(static_cast<uint64_t>(cursor.sleb128())));
      return true;
    }
    case cfa_op::def_cfa_register:
      define_cfa(cursor, cursor.uleb128(), state_.cfa.offset);
      return true;
    case cfa_op::def_cfa_offset:
    case cfa_op::def_cfa_offset_sf:
      if (state_.cfa.kind != CfaRule::Kind::register_offset)
        cursor.error("CFA offset without register");
      state_.cfa.offset = code == cfa_op::def_cfa_offset
                              ? static_cast<int64_t>(cursor.uleb128())
                              : factored(static_cast<uint64_t>(cursor.sleb128()));
      return true;
    case cfa_op::def_cfa_expression: {
      Bytes bytes = cursor.take(cursor.uleb128());
      state_.cfa = {.kind = CfaRule::Kind::expression, .expression = bytes};
      return true;
    }
    case cfa_op::negate_ra_state:
    case cfa_op::negate_ra_state_with_pc:
      state_.return_signed = !state_.return_signed;
      return true;
    case cfa_op::gnu_args_size:
      cursor.uleb128();
      return true;  // for exception landing only
    default:
      cursor.error(fmt::format("call frame instruction {:#x} is not known", code));
      return false;
  }
}

}  // namespace

Result<Row> decode_row(const FrameSection& section, const FdeWithCie& entry, snapshot::Arch arch,
                       uint64_t vaddr) {
  const auto& [fde, cie] = entry;
  if (!fde.contains(vaddr)) return fail("address outside the FDE");
  if (cie.return_column >= snapshot::roles(arch).count) {
    return fail("return address in a register that we do not know");
  }
  Program program(section, cie, fde.begin, vaddr);
  TRY(program.run(cie.program, cie.program_offset, true));
  program.keep_initial();
  TRY(program.run(fde.program, fde.program_offset, false));

  const State& state = program.state();
  Row row{.cfa = state.cfa,
          .return_column = static_cast<snapshot::Register>(cie.return_column),
          .return_signed = state.return_signed,
          .signal_frame = cie.signal_frame,
          .pointer_size = snapshot::pointer_size(arch),
          .begin = fde.begin,
          .end = fde.end};
  if (row.cfa.kind == CfaRule::Kind::none) return fail("no CFA rule");
  uint64_t said = state.said & ((uint64_t{1} << snapshot::roles(arch).count) - 1);
  row.registers.reserve(std::popcount(said));
  for (; said; said &= said - 1) row.registers.push_back(state.rules[std::countr_zero(said)]);
  return row;
}

}  // namespace inquest::unwind
