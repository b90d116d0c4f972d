// x64: UNWIND_INFO -> row. The codes are undone on paper: where rsp would be, as a register and a
// distance from it, and from that where each register was saved.
#include <array>

#include "format/pe/x64_unwind.h"
#include "unwind/pe/epilogue.h"
#include "unwind/pe/image_rules.h"

namespace inquest::unwind {
namespace {

namespace x64 = snapshot::x64;
using snapshot::Register;

/// cfa = base + delta + 8, rip = *(base + delta), where the undone rsp = base + delta
class X64Row {
 public:
  X64Row(const pe::RuntimeFunction& function) {
    row_.begin = function.begin;
    row_.end = function.end;
    row_.from_image = true;
    row_.return_column = x64::rip;
  }

  void pop(Register reg) {
    save(reg, base_, delta_);
    delta_ += 8;
  }
  void release(int64_t bytes) { delta_ += bytes; }
  void set_stack(Register base, int64_t delta) {
    base_ = base;
    delta_ = delta;
  }
  void save(Register reg, Register base, int64_t offset) {
    saved_[reg] = RegisterRule{
        .kind = RegisterRule::Kind::at_register, .reg = reg, .other = base, .offset = offset};
  }
  /// The processor's own frame: rip, cs, flags, rsp, ss.
  void interrupt(bool error_code) {
    if (error_code) delta_ += 8;
    save(x64::rip, base_, delta_);
    save(x64::rsp, base_, delta_ + 24);
    row_.signal_frame = true;
  }
  Register base() const { return base_; }
  int64_t delta() const { return delta_; }

  Row finish() {
    int64_t return_size = row_.signal_frame ? 0 : 8;
    if (!row_.signal_frame) save(x64::rip, base_, delta_);
    row_.cfa = {
        .kind = CfaRule::Kind::register_offset, .reg = base_, .offset = delta_ + return_size};
    for (const auto& rule : saved_) {
      if (rule) row_.registers.push_back(*rule);
    }
    return std::move(row_);
  }

 private:
  Row row_;
  Register base_ = x64::rsp;
  int64_t delta_ = 0;
  std::array<std::optional<RegisterRule>, 17> saved_;
};

/// How many bytes of the prologue were executed, or all.
constexpr uint32_t kWholePrologue = UINT32_MAX;

bool frame_is_set(const pe::UnwindInfo& info, uint32_t executed) {
  if (info.frame_register == 0) return false;
  if (executed == kWholePrologue) return true;
  for (const pe::UnwindCode& code : info.codes) {
    if (code.op == pe::UnwindOp::set_frame) return code.prologue_offset <= executed;
  }
  return false;
}

/// Undoes what of a prologue was executed. False when an interrupt's frame was met.
bool undo(X64Row& row, const pe::UnwindInfo& info, uint32_t executed) {
  Register frame = x64_register(info.frame_register);
  int64_t frame_delta = -static_cast<int64_t>(info.frame_offset);
  // Registers are saved at distances from the frame, once it is set, else from rsp.
  bool framed = frame_is_set(info, executed);
  Register base = framed ? frame : row.base();
  int64_t delta = framed ? frame_delta : row.delta();
  for (const pe::UnwindCode& code : info.codes) {
    if (code.prologue_offset > executed) continue;
    switch (code.op) {
      case pe::UnwindOp::push:
        row.pop(x64_register(code.reg));
        break;
      case pe::UnwindOp::alloc:
        row.release(code.value);
        break;
      case pe::UnwindOp::set_frame:
        row.set_stack(frame, frame_delta);
        break;
      case pe::UnwindOp::save:
        row.save(x64_register(code.reg), base, delta + code.value);
        break;
      case pe::UnwindOp::save_xmm:
        break;
      case pe::UnwindOp::machine_frame:
        row.interrupt(code.value != 0);
        return false;
    }
  }
  return true;
}

/// Where a jump leaves the function for good, and not for another part of it.
bool leaves(const pe::File& file, const pe::RuntimeFunction& function, uint32_t primary_begin,
            bool is_primary, uint64_t target) {
  if (function.contains(target)) return target == function.begin && is_primary;
  auto other = pe::find_function_x64(file.exception_directory(), target);
  if (!other) return true;
  auto primary = pe::primary_function(file, *other);
  return !primary || primary->begin != primary_begin || target == primary_begin;
}

bool may_be_epilogue(const pe::UnwindInfo& info, uint64_t rva) {
  if (info.version < 2) return true;
  for (const pe::EpilogueRange& range : info.epilogues) {
    if (range.begin <= rva && rva < range.end) return true;
  }
  return false;
}

}  // namespace

std::optional<Row> x64_row(const pe::File& file, const ReadCode& code, uint64_t rva, bool exact) {
  auto function = pe::find_function_x64(file.exception_directory(), rva);
  if (!function) return {};
  auto info = pe::read_unwind_info(file, *function);
  if (!info) return {};
  auto primary = pe::primary_function(file, *function);
  if (!primary) return {};

  X64Row row(*function);
  auto finish = [&] {
    Row done = row.finish();
    if (primary->begin != function->begin) done.entry = primary->begin;
    return done;
  };
  uint64_t offset = rva - function->begin;
  bool in_prologue = offset < info->prologue_size;
  if (exact && !in_prologue && may_be_epilogue(*info, rva)) {
    std::array<std::byte, kLongestEpilogue> buffer;
    Bytes here = Bytes(buffer).first(code(rva, buffer));
    auto frame =
        info->frame_register ? std::optional(x64_register(info->frame_register)) : std::nullopt;
    auto epilogue = read_epilogue(here, rva, frame);
    if (epilogue && (!epilogue->target ||
                     leaves(file, *function, primary->begin, !info->chained, *epilogue->target))) {
      row.set_stack(epilogue->base, epilogue->delta);
      for (Register reg : epilogue->pops()) row.pop(reg);
      return finish();
    }
  }
  uint32_t executed = in_prologue ? static_cast<uint32_t>(offset) : kWholePrologue;
  for (int i = 0; i < pe::kLongestChain; ++i) {
    if (!undo(row, *info, executed) || !info->chained) return finish();
    executed = kWholePrologue;
    info = pe::read_unwind_info(file, *info->chained);
    if (!info) return {};
  }
  return {};
}

}  // namespace inquest::unwind
