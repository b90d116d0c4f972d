#include "cause/fault/story.h"

#include <algorithm>

namespace inquest::cause {
namespace {

std::string hex(uint64_t value) { return fmt::format("{:#x}", value); }

/// The view of the frame that led execution astray: the caller, whose return address the call
/// pushed before it failed.
std::shared_ptr<FrameView> caller_view(const Process& process, const FaultSite& site) {
  size_t index = site.frame_index + 1;
  if (!site.stack || index >= site.stack->frames.size()) return {};
  auto view =
      std::make_shared<FrameView>(process, site.stack->frames[index], index, &site.registers);
  bool calls = view->followed() && view->instruction()->flow == Flow::call;
  return calls ? view : nullptr;
}

/// The value that an indirect call went to.
ValueId called_pointer(FrameView& view) {
  const Instruction& call = *view.instruction();
  const Operand* operand = call.explicit_operand(0);
  if (call.target || !operand) return {};
  if (operand->kind == Operand::Kind::reg && operand->reg) return view.state().regs[*operand->reg];
  if (operand->kind != Operand::Kind::memory) return {};
  return view.values().load(view.function().address_of(view.state(), call, *operand), 8, false);
}

/// Where a value was before it came into a register: "held in ...", "returned by ...".
void tell_source(const FrameView& view, ValueId id, Story& story) {
  const Value v = view.values()[id];
  switch (v.form) {
    case Form::load: {
      const Value address = view.values()[v.base];
      ValueId base = address.form == Form::sum ? address.base : v.base;
      int64_t offset = address.form == Form::sum ? address.number : 0;
      if (auto at = view.concrete(v.base)) story.holder = Address{*at};
      if (address.form == Form::stack) return;
      if (view.values().is_thread_local(v.base)) {
        Naming local = view.name_of(id);
        story.held = local.name.empty() ? "held in a thread-local variable"
                                        : fmt::format("held in the thread-local `{}`", local.name);
        return;
      }
      if (address.form == Form::constant) {
        Naming global = view.name_of(id);
        story.held =
            "held in the global " + (global.name.empty() ? view.process().describe(*story.holder)
                                                         : fmt::format("`{}`", global.name));
        return;
      }
      if (auto object = view.concrete(base)) {
        story.holder_object = Address{*object};
        story.holder_offset = offset;
      }
      MemberName member = view.member_of(base, offset);
      if (offset == 0 && member.member.find("_vptr") != std::string::npos) {
        story.virtual_table_of = member.type;
      }
      const char* narrow =
          v.size < 8 ? (v.size == 4 ? ", read as 32 bits" : ", read as few bits") : "";
      if (!member.member.empty()) {
        story.held = fmt::format("held in {}{}{}", member.text(), view.of(base), narrow);
      } else if (view.values()[base].form == Form::element) {
        story.held = fmt::format("held in {}{}", view.describe(base), narrow);
      } else if (auto object = view.object_by_address(base)) {
        story.held = fmt::format("loaded from offset {} of {}{}", offset, *object, narrow);
      } else {
        const std::string from = offset == 0 ? "" : fmt::format("offset {} of ", offset);
        story.held =
            fmt::format("loaded from {}what {} points to{}", from, view.describe(base), narrow);
      }
      return;
    }
    case Form::narrow:
      tell_source(view, v.base, story);
      story.held += fmt::format(", cut to {} bits", v.size * 8);
      return;
    case Form::result: {
      auto callee = view.callee(v.at);
      if ((story.null && never_null(callee)) || returns_its_argument(callee)) return;
      story.held = callee.empty() ? fmt::format("returned by the call at {}", v.at)
                                  : fmt::format("returned by `{}`", callee);
      return;
    }
    case Form::entry:
      story.held =
          view.name_of(id).name.empty() ? "passed as " + view.describe(id) : "passed by the caller";
      return;
    case Form::constant:
      story.held = story.provenance && story.provenance->one_of_several
                       ? "set to a constant on one of the ways through the code"
                       : "set to a constant in the code";
      return;
    default:
      return;
  }
}

/// A small number that most of an address was added to: no pointer, whatever register it was in.
bool is_distance(const Step& step) {
  constexpr int64_t kFar = 0x10000;
  if (!step.pointer || *step.pointer >= kNullPages) return false;
  const PointerType type = step.view->name_of(step.value).type;
  const bool may_be_null = !type && *step.pointer == 0;
  return !pointee(type) && !may_be_null && (step.offset >= kFar || step.offset <= -kFar);
}

/// Which step to tell of: the outermost at which the pointer is null; else the outermost that is a
/// pointer at all.
size_t choose(const Provenance& provenance) {
  const auto& steps = provenance.steps;
  for (size_t i = steps.size(); i-- > 0;) {
    if (steps[i].pointer == 0 && !is_distance(steps[i])) return i;
  }
  for (size_t i = steps.size(); i-- > 0;) {
    if (!is_distance(steps[i])) return i;
  }
  return 0;
}

void fill_from(const Process& process, const FaultSite& site, Story& story) {
  const auto& steps = story.provenance->steps;
  story.chosen = choose(*story.provenance);
  const Step& step = steps[story.chosen];
  const FrameView& view = *step.view;
  story.pointer = step.pointer;
  story.offset = step.offset;
  story.null = step.pointer == 0;
  story.where = "in " + steps.front().view->function_name();

  MemberName member = view.member_of(step.value, step.offset);
  // Where the holder of the null has no type, a function that was called on it may have.
  for (size_t i = story.chosen; member.type.empty() && i-- > 0;) {
    if (steps[i].pointer != step.pointer) break;
    member = steps[i].view->member_of(steps[i].value, steps[i].offset);
  }
  story.type = member.type;
  story.member = member.member;
  for (size_t i = story.chosen + 1; story.pointer_name.empty() && i-- > 0;) {
    if (steps[i].pointer != step.pointer) break;
    Naming naming = steps[i].view->name_of(steps[i].value);
    if (!naming.name.empty() && naming.name != "this") {
      story.pointer_name = fmt::format("`{}`", naming.name);
    }
  }
  tell_source(view, step.value, story);
  if (!story.virtual_table_of.empty()) story.type = "virtual table", story.member.clear();
  if (view.function_name() != steps.front().view->function_name() && !story.held.empty()) {
    story.held += " in " + view.function_name();
  }

  for (size_t i = 0; i < steps.size(); ++i) {
    const Step& s = steps[i];
    MemberName m = s.view->member_of(s.value, s.offset);
    std::string what = fmt::format("{} in {}", s.view->describe(s.value), s.view->function_name());
    if (s.pointer) what += fmt::format(" is {}", hex(*s.pointer));
    if (s.offset != 0 || !m.member.empty()) {
      what += fmt::format("; the address at fault is offset {} of it", s.offset);
    }
    if (!m.member.empty()) what += ", " + m.text();
    story.evidence.push_back({.what = what,
                              .thread = site.thread_id,
                              .frame = shown_index(process, *site.stack, s.view->index())});
  }
  if (story.holder_object) {
    story.evidence.push_back({.what = fmt::format("the pointer was {}; that object is at {}",
                                                  story.held, *story.holder_object),
                              .thread = site.thread_id,
                              .frame = shown_index(process, *site.stack, view.index()),
                              .address = story.holder});
  }
}

/// Without code that can be followed: the operand's base register is the pointer.
void fill_from_registers(const FaultSite& site, Story& story) {
  const Operand* operand = site.memory_operand();
  if (!operand || !operand->base) return;
  story.pointer = site.registers.get(*operand->base);
  if (!story.pointer) return;
  story.offset = static_cast<int64_t>(site.address->value - *story.pointer);
  story.null = *story.pointer == 0;
}

}  // namespace

Story tell(const Process& process, const FaultSite& site) {
  Story story;
  if (!site.address) return story;
  if (site.access == AccessKind::execute) {
    story.pointer = site.address->value;
    story.null = site.address->value == 0;
    if (site.pc != site.address) {  // the jump itself was refused
      const Operand* to = site.instruction ? site.instruction->explicit_operand(0) : nullptr;
      if (site.instruction && site.instruction->flow == Flow::ret) {
        story.held = "taken from the stack as a return address: the stack was overwritten";
      } else if (to) {
        story = tell_operand(process, site, *to);
        story.pointer = site.address->value;
      }
      return story;
    }
    auto view = caller_view(process, site);
    if (!view) return story;
    ValueId called = called_pointer(*view);
    // Behind a tail call the caller called something else, which jumped on.
    if (auto went = view->concrete(called); went && *went != site.address->value) return story;
    story.provenance = trace(process, *site.stack, view, called, 0, site.address->value);
    if (story.provenance) fill_from(process, site, story);
    return story;
  }
  const Operand* operand = site.memory_operand();
  if (operand && site.stack && site.frame_index < site.stack->frames.size()) {
    auto view = std::make_shared<FrameView>(process, site.stack->frames[site.frame_index],
                                            site.frame_index);
    auto at = effective_address(*site.instruction, *operand, site.registers, site.segment_base);
    if (view->followed() && at) {
      ValueId address = view->function().address_of(view->state(), *site.instruction, *operand);
      story.provenance = trace(process, *site.stack, view, address, 0, at->value);
      if (story.provenance) fill_from(process, site, story);
    }
  }
  if (!story.provenance) fill_from_registers(site, story);
  return story;
}

namespace {

/// "`players` - 1": a number in words.
std::string number_words(const FrameView& view, ValueId id) {
  const Value v = view.values()[id];
  if (v.form == Form::narrow && view.name_of(id).name.empty()) return number_words(view, v.base);
  if (v.form != Form::sum || !view.name_of(id).name.empty()) return view.describe(id);
  const uint64_t distance = v.number < 0 ? -static_cast<uint64_t>(v.number) : v.number;
  return fmt::format("{} {} {}", view.describe(v.base), v.number < 0 ? '-' : '+', distance);
}

}  // namespace

Story tell_operand(const Process& process, const FaultSite& site, const Operand& operand) {
  Story story;
  if (!site.stack || site.frame_index >= site.stack->frames.size()) return story;
  auto view =
      std::make_shared<FrameView>(process, site.stack->frames[site.frame_index], site.frame_index);
  if (!view->followed()) return story;
  ValueId value;
  if (operand.kind == Operand::Kind::reg && operand.reg) {
    value = view->state().regs[*operand.reg];
  } else if (operand.kind == Operand::Kind::memory) {
    ValueId address = view->function().address_of(view->state(), *site.instruction, operand);
    if (view->values()[address].form == Form::stack) {
      const Slot* slot = view->state().slot(view->values()[address].number);
      if (slot) value = slot->value;
    }
    if (!value) value = view->values().load(address, operand.size, false);
  }
  while (view->values()[value].form == Form::narrow && view->name_of(value).name.empty()) {
    value = view->values()[value].base;
  }
  story.provenance =
      trace(process, *site.stack, view, value, 0, view->concrete(value), Traced::number);
  if (!story.provenance) return story;
  story.chosen = story.provenance->steps.size() - 1;
  const Step& step = *story.step();
  story.where = "in " + step.view->function_name();
  for (size_t i = story.chosen + 1; story.pointer_name.empty() && i-- > 0;) {
    const Step& named = story.provenance->steps[i];
    Naming naming = named.view->name_of(named.value);
    if (!naming.name.empty()) story.pointer_name = fmt::format("`{}`", naming.name);
  }
  tell_source(*step.view, step.value, story);
  // The width is news of a pointer, not of a number.
  if (size_t at = story.held.rfind(", read as"); at != std::string::npos) story.held.resize(at);
  for (const Step& s : story.provenance->steps) {
    story.evidence.push_back({.what = fmt::format("it is {} in {}", number_words(*s.view, s.value),
                                                  s.view->function_name()),
                              .thread = site.thread_id,
                              .frame = shown_index(process, *site.stack, s.view->index())});
  }
  return story;
}

std::string access_words(const FaultSite& site, const Story& story) {
  std::string verb = site.access == AccessKind::write ? "Write to" : "Read of";
  if (!story.virtual_table_of.empty()) {
    return fmt::format("{} entry {} of the virtual table of a `{}`,", verb, story.offset / 8,
                       story.virtual_table_of);
  }
  if (story.member.starts_with("_vptr") || story.member.find("._vptr") != std::string::npos) {
    return fmt::format("{} the virtual table pointer, offset {},", verb, story.offset);
  }
  if (!story.member.empty()) {
    return fmt::format("{} `{}::{}`, offset {},", verb, story.type, story.member, story.offset);
  }
  if (!story.type.empty())
    return fmt::format("{} offset {} of `{}`,", verb, story.offset, story.type);
  return fmt::format("{} offset {}", verb, story.offset);
}

std::vector<answer::Evidence> handler_evidence(const FaultSite& site) {
  if (!site.handled) return {};
  if (site.handler_waits) {
    return {{.what =
                 "the process caught the signal itself, and its handler has not come to an end: "
                 "it waits, most likely for a lock that the interrupted code holds",
             .thread = site.thread_id,
             .frame = 0}};
  }
  return {{.what = "the process caught the signal itself and ended in its handler; this is where "
                   "the signal was raised"}};
}

answer::Evidence instruction_evidence(const Process& process, const FaultSite& site) {
  answer::Evidence out{.what = {}, .thread = site.thread_id};
  if (site.stack) out.frame = shown_index(process, *site.stack, site.frame_index);
  out.address = site.pc;
  if (site.text.empty()) {
    out.what = site.pc ? fmt::format("the instruction at {} cannot be decoded", *site.pc)
                       : "where it stopped is not known";
    return out;
  }
  out.what = fmt::format("`{}`", site.text);
  const Operand* operand = site.memory_operand();
  if (!operand || !site.address) return out;
  out.what +=
      fmt::format(" {}s {} byte{} at {}", site.access == AccessKind::write ? "write" : "read",
                  site.size, site.size == 1 ? "" : "s", *site.address);
  std::string registers;
  for (auto reg : {operand->base, operand->index}) {
    auto value = reg ? site.registers.get(*reg) : std::nullopt;
    if (!value) continue;
    if (!registers.empty()) registers += ", ";
    registers += fmt::format("{} = {:#x}", register_name(process.arch(), *reg), *value);
  }
  if (!registers.empty()) out.what += fmt::format(" ({})", registers);
  return out;
}

std::optional<answer::Explanation> explanation_of(const Process& process, const FaultSite& site) {
  if (!site.address) return {};
  Story story = tell(process, site);
  answer::Explanation out;
  const auto* region = process.snapshot().region_at(*site.address);
  if (story.null || site.address->value < kNullPages) {
    out.base = "null";
  } else if (process.arch() == snapshot::Arch::x86_64 && !is_canonical(*site.address)) {
    out.base = "non-canonical";
  } else if (site.access == AccessKind::execute && region) {
    out.base = "non-executable";
  } else if (site.access == AccessKind::write && region && region->access &&
             !region->access->write && region->access->read) {
    out.base = "readonly";
  } else if (site.code == sig::si_kernel) {
    out.base = "misaligned";
  } else {
    out.base = "wild";
  }
  out.type = story.type;
  out.member = story.member;
  if (story.pointer) out.offset = static_cast<uint64_t>(story.offset);
  return out;
}

}  // namespace inquest::cause
