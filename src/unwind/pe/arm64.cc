// ARM64: unwind codes -> row, as for x64. One code undoes one instruction, so that the place of pc
// in a prologue or epilogue says how many to leave out.
#include <algorithm>
#include <array>

#include "format/pe/arm64_unwind.h"
#include "unwind/pe/image_rules.h"

namespace inquest::unwind {
namespace {

namespace arm64 = snapshot::arm64;
using pe::Arm64Code;
using pe::Arm64Op;
using snapshot::Register;

constexpr uint32_t kInstruction = 4;

// The CONTEXT of ARM64: flags, cpsr, x0..x28, fp, lr, sp, pc (winnt.h).
constexpr int64_t kContextRegisters = 8, kContextSp = 0x100, kContextPc = 0x108;

/// cfa = base + delta, the undone sp
class Arm64Row {
 public:
  explicit Arm64Row(const pe::Arm64Function& function) {
    row_.begin = function.begin;
    row_.end = function.end;
    row_.from_image = true;
    row_.return_column = arm64::lr;
  }

  /// False when the code cannot be undone.
  bool undo(const Arm64Code& code) {
    switch (code.op) {
      case Arm64Op::alloc:
        delta_ += code.value;
        return true;
      case Arm64Op::save:
        restore(code, code.value);
        return true;
      case Arm64Op::save_advance:
        restore(code, 0);
        delta_ += code.value;
        return true;
      case Arm64Op::save_next:
        ++more_pairs_;
        return true;
      case Arm64Op::set_frame:
      case Arm64Op::add_frame:
        base_ = arm64::fp;
        delta_ = code.op == Arm64Op::add_frame ? -static_cast<int64_t>(code.value) : 0;
        return true;
      case Arm64Op::sign_link:
        row_.return_signed = true;
        return true;
      case Arm64Op::machine_frame:
        interrupt(0, 8);
        return true;
      case Arm64Op::context:
        for (Register n = 0; n <= arm64::lr; ++n) save(n, kContextRegisters + n * 8);
        interrupt(kContextSp, kContextPc);
        return true;
      case Arm64Op::nop:
      case Arm64Op::end:
      case Arm64Op::end_chained:
        return true;
      case Arm64Op::unknown:
        return false;
    }
    return false;
  }

  Row finish() {
    row_.cfa = {.kind = CfaRule::Kind::register_offset, .reg = base_, .offset = delta_};
    for (const auto& rule : saved_) {
      if (rule) row_.registers.push_back(*rule);
    }
    return std::move(row_);
  }

 private:
  void save(Register reg, int64_t offset) {
    saved_[reg] = RegisterRule{.kind = RegisterRule::Kind::at_register,
                               .reg = reg,
                               .other = base_,
                               .offset = delta_ + offset};
  }
  void restore(const Arm64Code& code, int64_t offset) {
    unsigned count = code.count == 2 ? 2 + 2 * std::min(more_pairs_, kMostPairs) : code.count;
    more_pairs_ = 0;
    for (unsigned i = 0; i < count; ++i) {
      auto reg = i == 1 ? code.second : static_cast<Register>(code.first + i);
      if (reg <= arm64::lr) save(reg, offset + i * 8);
    }
  }
  void interrupt(int64_t sp_at, int64_t pc_at) {
    save(arm64::sp, sp_at);
    save(arm64::pc, pc_at);
    row_.return_column = arm64::pc;
    row_.signal_frame = true;
  }

  static constexpr unsigned kMostPairs = 6;  // x19 to x30

  Row row_;
  unsigned more_pairs_ = 0;  // how often save_next stood before a code that saves
  Register base_ = arm64::sp;
  int64_t delta_ = 0;
  std::array<std::optional<RegisterRule>, 33> saved_;
};

size_t sequence_length(const std::vector<Arm64Code>& codes, size_t first) {
  size_t last = first;
  while (last < codes.size() && codes[last].op != Arm64Op::end &&
         codes[last].op != Arm64Op::end_chained) {
    ++last;
  }
  return last - first;
}

/// The first code that still has something to undo.
size_t first_code(const pe::Arm64Function& function, uint32_t rva, bool exact) {
  size_t executed = (rva - function.begin) / kInstruction;
  size_t prologue = function.has_prologue ? sequence_length(function.codes, 0) : 0;
  if (executed < prologue) return prologue - executed;
  if (!exact) return 0;
  auto after = std::partition_point(function.epilogues.begin(), function.epilogues.end(),
                                    [&](const auto& e) { return e.begin <= rva; });
  if (after == function.epilogues.begin()) return 0;
  const auto& epilogue = *std::prev(after);
  size_t undone = (rva - epilogue.begin) / kInstruction;
  if (undone > sequence_length(function.codes, epilogue.first_code)) return 0;
  return epilogue.first_code + undone;
}

}  // namespace

std::optional<Row> arm64_row(const pe::Arm64Function& function, uint64_t rva, bool exact) {
  Arm64Row row(function);
  size_t first = first_code(function, static_cast<uint32_t>(rva), exact);
  for (size_t i = first; i < function.codes.size(); ++i) {
    if (function.codes[i].op == Arm64Op::end) break;
    if (!row.undo(function.codes[i])) return {};
  }
  return row.finish();
}

}  // namespace inquest::unwind
