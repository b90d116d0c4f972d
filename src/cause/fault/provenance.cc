#include "cause/fault/provenance.h"

#include <algorithm>

namespace inquest::cause {
namespace {

constexpr size_t kMostFrames = 16;

/// The view of the caller, when its call really is of the function that `view` shows.
std::shared_ptr<FrameView> caller_of(const Process& process, const unwind::Stack& stack,
                                     const FrameView& view) {
  size_t index = view.index() + 1;
  auto entry = view.entry();
  if (!entry || index >= stack.frames.size()) return {};
  const auto& frame = stack.frames[index];
  if (frame.is_signal_frame || frame.pc_is_exact) return {};
  if (frame.trust == unwind::Trust::scan) return {};
  auto caller = std::make_shared<FrameView>(process, frame, index);
  if (!caller->followed() || caller->instruction()->flow != Flow::call) return {};
  // A direct call of something else: a tail call lies between, and the registers were set there.
  auto target = caller->callee_address(caller->instruction()->at);
  if (target && *target != *entry) return {};
  return caller;
}

/// How much a value looks like a pointer, to tell p + i from i + p.
int pointer_likeness(const FrameView& view, ValueId id, uint64_t value) {
  PointerType type = view.name_of(id).type;
  if (pointee(type)) return 4;
  if (type) return -1;  // a number, says the debug information
  if (view.process().snapshot().region_at(Address{value})) return 3;
  // A small negative number is an index too.
  return value >= 0x10000 && value < uint64_t(-0x10000) ? 2 : 0;
}

/// Where the caller keeps what the callee finds at stack offset `offset` (an argument on the
/// stack).
ValueId stack_argument(const FrameView& callee, FrameView& caller, int64_t offset) {
  if (callee.frame().cfa.value == 0 || caller.frame().cfa.value == 0) return {};
  auto shift = static_cast<int64_t>(callee.frame().cfa - caller.frame().cfa);
  const Slot* slot = caller.state().slot(offset + shift);
  return slot && slot->size == 8 ? slot->value : ValueId{};
}

/// Whether the caller still has what it passed, and that is another value: then it called something
/// else, which jumped to the function that we see. What lies in memory may have changed since.
bool contradicts(const FrameView& caller, ValueId passed, std::optional<uint64_t> value) {
  if (!value || caller.callee_address(caller.instruction()->at)) return false;
  ValueId held = passed;
  while (caller.values()[held].form == Form::narrow) held = caller.values()[held].base;
  Form form = caller.values()[held].form;
  if (form != Form::entry && form != Form::result && form != Form::stack) return false;
  auto now = caller.concrete(passed);
  return now && *now != *value;
}

}  // namespace

std::optional<Provenance> trace(const Process& process, const unwind::Stack& stack,
                                std::shared_ptr<FrameView> view, ValueId value, int64_t offset,
                                std::optional<uint64_t> pointer, Traced traced) {
  if (!view || !view->followed() || !value) return {};
  Provenance out;
  size_t first_frame = view->index();
  auto finish = [&] {
    out.steps.push_back({view, value, offset, pointer});
    return out;
  };
  for (unsigned guard = 0; guard < 256; ++guard) {
    const Value v = view->values()[value];
    bool is_arithmetic = v.form == Form::sum || v.form == Form::element;
    if (is_arithmetic && traced == Traced::number) return finish();
    if (v.form == Form::sum) {
      value = v.base;
      offset += v.number;
      if (pointer) *pointer -= static_cast<uint64_t>(v.number);
      continue;
    }
    if (v.form == Form::element) {
      auto base = view->concrete(v.base);
      auto index = view->concrete(v.index);
      // What the code does not tell of one of them, the address and the other do.
      if (pointer && v.size == 1 && base && !index) index = *pointer - *base;
      if (pointer && v.size == 1 && index && !base) base = *pointer - *index;
      // i + p, both in registers of scale one: which is the pointer?
      if (v.size == 1 && index && base &&
          pointer_likeness(*view, v.index, *index) > pointer_likeness(*view, v.base, *base)) {
        value = v.index;
        offset += static_cast<int64_t>(*base);
        pointer = index;
        continue;
      }
      if (!base && pointer && index) base = *pointer - *index * v.size;
      if (!base || !pointer) return finish();
      value = v.base;
      offset += static_cast<int64_t>(*pointer - *base);
      pointer = base;
      continue;
    }
    if (v.form == Form::merge) {
      ValueId settled = view->settle(value, pointer);
      if (!settled || settled == value) return finish();
      if (pointer && view->concrete(settled) != pointer) out.guessed = true;
      if (view->values()[settled].form == Form::constant) {
        out.one_of_several = std::ranges::any_of(view->values().choices(value),
                                                 [&](ValueId one) { return !view->concrete(one); });
      }
      value = settled;
      continue;
    }
    if (v.form == Form::narrow) {
      // Only the low bits were taken: what held it may have had more.
      if (view->name_of(value).type) out.steps.push_back({view, value, offset, pointer});
      value = v.base;
      continue;
    }
    bool from_caller = v.form == Form::entry;
    int64_t argument = 0;
    if (v.form == Form::load && v.size == 8) {
      const Value& address = view->values()[v.base];
      argument = address.number;
      from_caller = address.form == Form::stack && argument >= 0;
    }
    if (!from_caller || view->index() - first_frame >= kMostFrames) return finish();
    auto caller = caller_of(process, stack, *view);
    if (!caller) return finish();
    ValueId there = v.form == Form::entry ? caller->state().regs[v.reg]
                                          : stack_argument(*view, *caller, argument);
    if (!there || contradicts(*caller, there, pointer)) return finish();
    out.steps.push_back({view, value, offset, pointer});
    view = std::move(caller);
    value = there;
  }
  return finish();
}

uint32_t shown_index(const Process& process, const unwind::Stack& stack, size_t frame) {
  uint32_t shown = 0;
  for (size_t i = 0; i < frame && i < stack.frames.size(); ++i) {
    shown +=
        static_cast<uint32_t>(std::max<size_t>(1, process.locate(stack.frames[i]).source.size()));
  }
  return shown;
}

}  // namespace inquest::cause
