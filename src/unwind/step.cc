#include "unwind/step.h"

#include "unwind/cfi/execute.h"

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

}  // namespace

Stepped step_by_rule(const Space& space, Words& words, const Registers& callee,
                     const PcFacts& facts) {
  if (facts.trampoline) return step_by_layout(*facts.trampoline, words, callee);
  if (!facts.row) return failed(End::no_rule, "no unwind data describes this code");

  Executed executed = execute(*facts.row, callee, words);
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
               .signal_frame = facts.row->signal_frame};
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

Consequence consequence(const Space& space, Words& words, const Registers& guess) {
  auto pc = guess.pc(), sp = guess.sp();
  if (!pc || !sp) return Consequence::refuted;
  PcFacts scratch;
  const PcFacts& facts = space.facts(*pc, false, scratch);
  if (!facts.row) return Consequence::unknown;
  Stepped step = step_by_rule(space, words, guess, facts);
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
  bool signal = next.trampoline || (next.row && next.row->signal_frame);
  return signal ? Consequence::confirmed : Consequence::refuted;
}

}  // namespace inquest::unwind
