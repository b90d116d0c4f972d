#include "unwind/step.h"

#include "unwind/cfi/execute.h"
#include "unwind/text/cfi_text.h"
#include "unwind/text/win_frame.h"

namespace inquest::unwind {
namespace {

using snapshot::Registers;

Stepped failed(End end, std::string_view reason) {
  return {.status = Stepped::Status::failed, .end = end, .reason = reason};
}

/// reg = *(sp + base + offset), for each that the kernel saves
Stepped step_by_layout(const SignalLayout& layout, Words& words, const Registers& callee) {
  auto sp = callee.sp();
  if (!sp) return failed(End::no_rule, "the stack pointer is not known");
  Address block = *sp + layout.base;
  if (layout.base_is_pointer) {
    auto behind = words.pointer(block);
    if (!behind) return failed(End::no_memory, "the signal frame is not in the dump");
    block = Address{*behind} + layout.behind_pointer;
  }
  Stepped step{
      .status = Stepped::Status::caller, .caller = Registers(callee.arch()), .signal_frame = true};
  for (auto [reg, offset] : layout.saved) {
    if (auto value = words.pointer(block + offset)) step.caller.set(reg, *value);
  }
  if (!step.caller.pc() || !step.caller.sp()) {
    return failed(End::no_memory, "the signal frame is not in the dump");
  }
  step.cfa = *step.caller.sp();
  return step;
}

Executed execute_rule(const Space& space, Words& words, const Registers& callee,
                      const PcFacts& facts, uint32_t callee_parameters) {
  if (facts.row) return execute(*facts.row, callee, words);
  if (facts.text) return execute(*facts.text, callee, words, space.is_windows());
  uint64_t rva = facts.pc - facts.module->range.begin;
  return execute(space, *facts.win, rva, callee, callee_parameters, facts.exact, words);
}

}  // namespace

Stepped step_by_rule(const Space& space, Words& words, const Registers& callee,
                     const PcFacts& facts, uint32_t callee_parameters) {
  if (facts.trampoline) return step_by_layout(*facts.trampoline, words, callee);
  if (!facts.has_rule()) return failed(End::no_rule, "no unwind data describes this code");

  Executed executed = execute_rule(space, words, callee, facts, callee_parameters);
  switch (executed.status) {
    case Executed::Status::done:
      break;
    case Executed::Status::outermost:
      return {.status = Stepped::Status::outermost, .cfa = executed.cfa};
    case Executed::Status::no_cfa:
      return failed(End::no_rule, "the frame's address depends on a register that is not known");
    case Executed::Status::no_memory:
      return failed(End::no_memory, "the return address is not in the dump");
    case Executed::Status::no_return:
      return failed(End::no_rule, "the unwind data does not say where the return address is");
  }
  Stepped step{.status = Stepped::Status::caller,
               .cfa = executed.cfa,
               .caller = std::move(executed.caller),
               .signal_frame = facts.in_signal_frame(),
               .trust = facts.row && facts.row->from_image ? Trust::pe : Trust::cfi};
  // What a signal interrupted may be anything, a jump to nowhere included.
  if (step.signal_frame) return step;
  Address pc = *step.caller.pc();
  if (pc.value == 0) return {.status = Stepped::Status::outermost, .cfa = step.cfa};
  if (!space.executable(pc - 1) && !space.executable(pc)) {
    Address stripped{strip_signature(space.arch(), pc.value)};
    if (!space.executable(stripped - 1)) {
      return failed(End::no_rule, "the return address does not lie in code");
    }
    step.caller.set_pc(stripped);
  }
  return step;
}

Consequence consequence(const Space& space, Words& words, const Registers& guess,
                        uint32_t callee_parameters) {
  auto pc = guess.pc(), sp = guess.sp();
  if (!pc || !sp) return Consequence::refuted;
  PcFacts scratch;
  const PcFacts& facts = space.facts(*pc, false, scratch);
  if (!facts.has_rule()) return Consequence::unknown;
  Stepped step = step_by_rule(space, words, guess, facts, callee_parameters);
  if (step.status == Stepped::Status::outermost) return Consequence::confirmed;
  if (step.status == Stepped::Status::failed) return Consequence::refuted;
  if (step.signal_frame) return Consequence::unknown;
  if (step.caller.sp() < sp) return Consequence::refuted;
  switch (space.call_site(*step.caller.pc()).kind) {
    case CallSite::Kind::call:
      return Consequence::confirmed;
    case CallSite::Kind::unreadable:
      return Consequence::plausible;
    case CallSite::Kind::none:
      break;
  }
  // The caller may be a signal trampoline, which no call precedes.
  const PcFacts& next = space.facts(*step.caller.pc(), false, scratch);
  return next.in_signal_frame() ? Consequence::confirmed : Consequence::refuted;
}

}  // namespace inquest::unwind
