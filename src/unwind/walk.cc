#include <algorithm>
#include <set>

#include "base/limits.h"
#include "unwind/recover/recover.h"
#include "unwind/space.h"
#include "unwind/step.h"
#include "unwind/words.h"

namespace inquest::unwind {
namespace {

using snapshot::Registers;

/// Frames as they come; of a stack beyond reason the middle is dropped. A frame takes about 350
/// bytes, so that this holds a thread to 45 MB.
class Frames {
 public:
  static constexpr size_t kInner = 100'000, kOuter = 8'192;

  void push(Frame frame) {
    if (inner_.size() < kInner) {
      inner_.push_back(std::move(frame));
      return;
    }
    if (outer_.size() == 2 * kOuter) {
      outer_.erase(outer_.begin(), outer_.begin() + kOuter);
      omitted_ += kOuter;
    }
    outer_.push_back(std::move(frame));
  }
  size_t count() const { return inner_.size() + outer_.size() + omitted_; }
  void finish(Stack& stack) {
    stack.frames = std::move(inner_);
    stack.omitted = omitted_;
    stack.omitted_after = omitted_ ? stack.frames.size() : 0;
    stack.frames.insert(stack.frames.end(), std::make_move_iterator(outer_.begin()),
                        std::make_move_iterator(outer_.end()));
  }

 private:
  std::vector<Frame> inner_, outer_;
  size_t omitted_ = 0;
};

/// A stack only ascends from callee to caller, so that a cycle needs a step that does not. Those
/// are rare (signal frames, split stacks) and are remembered.
class Descents {
 public:
  /// False when this step closes a cycle.
  bool allow(const Space& space, const Frame& callee, const Frame& caller) {
    auto from = callee.registers.sp(), to = caller.registers.sp();
    if (!from || !to) return true;
    if (*to > *from) return true;
    // A leaf function on a machine with a link register has no frame of its own.
    bool may_stand = snapshot::roles(space.arch()).link.has_value() && callee.pc_is_exact;
    if (*to == *from && may_stand && caller.pc != callee.pc) return true;
    bool leaves_stack = callee.is_signal_frame || !space.mapping(*from).contains(*to);
    return leaves_stack && seen_.size() < kMost && seen_.insert({caller.pc, *to}).second;
  }

 private:
  static constexpr size_t kMost = 1024;
  std::set<std::pair<Address, Address>> seen_;
};

/// A scanned word that may go before a frame record.
constexpr float kClear = 0.55f;
/// A frame less sure than this would be a guess printed as a fact: the walk ends before it.
constexpr float kFloor = 0.1f;

class Walk {
 public:
  Walk(const Space& space, std::optional<uint64_t> thread_pointer, bool is_main)
      : space_(space),
        words_(space.snapshot().memory, space.pointer_size()),
        thread_pointer_(thread_pointer),
        is_main_(is_main) {}

  Stack run(const Registers& start);

 private:
  Stepped step(const Frame& frame, const PcFacts& facts);
  Stepped recover(const Frame& frame, const PcFacts& facts, Stepped failure);
  static Stepped accept(const Recovered& found);
  bool outside_stack(const Registers& registers) const;
  bool left_the_stack(const Frame& caller);

  const Space& space_;
  Words words_;
  std::optional<uint64_t> thread_pointer_;
  bool is_main_;
  Budget budget_;
  uint32_t callee_parameters_ = 0;  // of the frame that was walked last
  std::string note_;
  AddressRange stack_;        // the mapping that the frames are in
  unsigned left_frames_ = 0;  // made since they left it
};

Stepped Walk::accept(const Recovered& found) {
  return {.status = found.outermost ? Stepped::Status::outermost : Stepped::Status::caller,
          .cfa = found.cfa,
          .caller = found.caller,
          .trust = found.trust,
          .confidence = found.confidence};
}

bool Walk::outside_stack(const Registers& registers) const {
  auto sp = registers.sp();
  return !sp || !plausible_stack(space_, *sp);
}

/// Rules that read no stack can make frames without end where no memory is.
bool Walk::left_the_stack(const Frame& caller) {
  constexpr unsigned kMostLeft = 64;
  auto sp = caller.registers.sp();
  if (!sp) return false;
  Address last = *sp - 1;  // the outermost frame may end where the stack does
  if (!stack_.contains(last)) stack_ = space_.mapping(last);
  left_frames_ = stack_.empty() ? left_frames_ + 1 : 0;
  return left_frames_ > kMostLeft;
}

Stepped Walk::step(const Frame& frame, const PcFacts& facts) {
  if (frame.pc_is_exact && !facts.executable) {
    // The processor was sent to where no code is.
    if (auto found = after_bad_call(space_, words_, frame.registers)) return accept(*found);
    auto sp = frame.registers.sp();
    bool returned = sp && !snapshot::roles(space_.arch()).link &&
                    words_.pointer(*sp - space_.pointer_size()) == frame.pc.value;
    return recover(frame, facts,
                   {.reason = returned ? "a return led to where no code is"
                                       : "the code address is bad and no call led there"});
  }
  Stepped stepped = step_by_rule(space_, words_, frame.registers, facts, callee_parameters_);
  if (stepped.status != Stepped::Status::failed) return stepped;
  return recover(frame, facts, stepped);
}

Stepped Walk::recover(const Frame& frame, const PcFacts& facts, Stepped failure) {
  const Registers& registers = frame.registers;
  ScanRequest request{
      .callee = registers, .function = facts.function, .is_exact = frame.pc_is_exact};
  if (facts.win) request.parameters = facts.win->parameter_size;
  if (outside_stack(registers)) {
    auto sp = registers.sp();
    const snapshot::Region* region = sp ? space_.snapshot().region_at(*sp) : nullptr;
    if (region && region->access && region->access->read && region->access->write) {
      failure.end = End::no_memory;
      failure.reason = "the dump does not hold this stack";
      return failure;
    }
    // Only a thread's own registers tell where else its stack may be.
    if (frame.trust != Trust::context) return failure;
    auto choice = choose_stack(space_, registers, thread_pointer_, is_main_);
    if (!choice) {
      failure.end = End::no_memory;
      failure.reason = "the stack pointer does not point to a stack";
      return failure;
    }
    request.from = choice->from;
    request.words = choice->words;
    auto found = by_scan(space_, words_, request, budget_);
    if (!found) return failure;
    note_ = fmt::format("the stack pointer {} does not point to a stack; {}",
                        registers.sp().value_or(Address{}), choice->reason);
    found->confidence *= 0.6f;
    return accept(*found);
  }
  if (frame.pc_is_exact && facts.executable && !facts.row && !facts.text) {
    if (auto found = by_standing(space_, words_, registers)) return accept(*found);
  }
  auto by_fp = by_frame_pointer(space_, words_, registers);
  request.from = *registers.sp();
  if (by_fp) {
    // A function that leaves the register alone leads to a record further out, past its caller:
    // what speaks more clearly between sp and the record goes before it.
    uint64_t below = (by_fp->cfa - request.from) / space_.pointer_size();
    request.words = std::min<uint64_t>(below > 1 ? below - 1 : 0, request.words);
    request.least = std::max(kClear, by_fp->confidence);
    request.enough = 0.8f;
    auto found = by_scan(space_, words_, request, budget_);
    return accept(found ? *found : *by_fp);
  }
  if (auto found = by_scan(space_, words_, request, budget_)) return accept(*found);
  if (registers.fp() && registers.fp()->value == 0 && !facts.has_rule() &&
      frame.trust != Trust::context) {
    return {.status = Stepped::Status::outermost};  // the ABI's mark of the outermost frame
  }
  if (!words_.pointer(request.from)) failure.end = End::no_memory;
  return failure;
}

Stack Walk::run(const Registers& start) {
  Stack stack;
  if (!start.pc()) {
    stack.end = End::no_rule;
    stack.note = "the thread's registers are not known";
    return stack;
  }
  Frames frames;
  Descents descents;
  Frame frame{.pc = *start.pc(), .registers = start};
  PcFacts scratch;
  for (;;) {
    const PcFacts& facts = space_.facts(frame.pc, frame.pc_is_exact, scratch);
    frame.module = facts.module;
    if (facts.in_signal_frame()) {
      frame.is_signal_frame = true;
      // No call precedes a trampoline; Windows' calls the handlers itself.
      if (!facts.row || !facts.row->from_image) frame.pc_is_exact = true;
    }
    Stepped stepped = step(frame, facts);
    callee_parameters_ = facts.win ? facts.win->parameter_size : 0;
    frame.cfa = stepped.cfa;
    Frame caller{.trust = stepped.trust};
    if (stepped.status == Stepped::Status::caller) {
      caller.pc = *stepped.caller.pc();
      caller.registers = std::move(stepped.caller);
      caller.pc_is_exact = stepped.signal_frame;
      // Doubt is inherited, and eased where a rule leads from a guess to a good return address.
      bool by_rule = stepped.trust == Trust::cfi || stepped.trust == Trust::pe;
      caller.confidence = by_rule ? frame.confidence + (1 - frame.confidence) * 0.2f
                                  : frame.confidence * stepped.confidence;
    }
    if (stepped.status == Stepped::Status::caller && caller.confidence < kFloor) {
      stepped = {.end = End::no_rule, .reason = "nothing tells the caller with any certainty"};
      frame.cfa = {};
    }
    bool closes_cycle =
        stepped.status == Stepped::Status::caller && !descents.allow(space_, frame, caller);
    Address pc = frame.pc;
    frames.push(std::move(frame));
    if (stepped.status == Stepped::Status::outermost) break;
    if (stepped.status == Stepped::Status::failed) {
      stack.end = stepped.end;
      stack.note = fmt::format("at {}: {}", pc, stepped.reason);
      break;
    }
    if (closes_cycle) {
      stack.end = End::cycle;
      stack.note = fmt::format("at {}: the next frame does not lie further out", pc);
      break;
    }
    if (left_the_stack(caller)) {
      stack.end = End::no_memory;
      stack.note = fmt::format("at {}: the frames have left the stack", pc);
      break;
    }
    if (frames.count() >= kLimits.frames) {
      stack.end = End::too_deep;
      stack.note = fmt::format("more than {} frames", kLimits.frames);
      break;
    }
    frame = std::move(caller);
  }
  frames.finish(stack);
  if (!note_.empty()) stack.note = stack.note.empty() ? note_ : note_ + "; " + stack.note;
  return stack;
}

}  // namespace

std::string_view name(Trust trust) {
  switch (trust) {
    case Trust::context:
      return "context";
    case Trust::cfi:
      return "cfi";
    case Trust::pe:
      return "pe";
    case Trust::fp:
      return "fp";
    case Trust::recovered:
      return "recovered";
    case Trust::scan:
      return "scan";
  }
  return {};
}

std::string_view name(End end) {
  switch (end) {
    case End::outermost:
      return "outermost";
    case End::no_memory:
      return "no-memory";
    case End::no_rule:
      return "no-rule";
    case End::cycle:
      return "cycle";
    case End::too_deep:
      return "too-deep";
  }
  return {};
}

struct Unwinder::Impl {
  Impl(const snapshot::Snapshot& snapshot, RuleProvider provider)
      : space(snapshot, std::move(provider)) {}
  Space space;
};

Unwinder::Unwinder(const snapshot::Snapshot& snapshot, RuleProvider provider)
    : impl_(std::make_unique<Impl>(snapshot, std::move(provider))) {}
Unwinder::~Unwinder() = default;

Stack Unwinder::walk(const snapshot::Thread& thread) const {
  auto pid = impl_->space.snapshot().process.pid;
  bool is_main = pid && static_cast<uint32_t>(*pid) == thread.id;
  return Walk(impl_->space, thread.tls, is_main).run(thread.registers);
}

std::optional<AddressRange> Unwinder::function_at(Address at) const {
  const auto* module = impl_->space.snapshot().module_at(at);
  auto row = module ? impl_->space.rules(*module).row(at.value - module->bias)
                    : impl_->space.dynamic_rules().row(at, true);
  if (!row) return {};
  uint64_t bias = module ? module->bias : 0;
  return AddressRange{Address{row->begin + bias}, Address{row->end + bias}};
}

Stack Unwinder::walk(const Registers& start) const {
  return Walk(impl_->space, {}, false).run(start);
}

}  // namespace inquest::unwind
