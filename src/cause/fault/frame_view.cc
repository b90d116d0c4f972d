#include "cause/fault/frame_view.h"

#include <algorithm>
#include <functional>

#include "cause/code/function_bounds.h"
#include "cause/fault/brief_name.h"

namespace inquest::cause {
namespace {

using snapshot::Register;
using symbols::Place;
using symbols::TypeReader;

/// Registers that hold in a caller what they held before the call.
bool survives_call(Register r) {
  namespace x64 = snapshot::x64;
  return r == x64::rbx || r == x64::rbp || (r >= x64::r12 && r <= x64::r15);
}

constexpr unsigned kMostDepth = 12;

}  // namespace

std::string MemberName::text() const {
  if (member.empty()) return fmt::format("`{}`", type);
  return fmt::format("`{}::{}`", type, member);
}

FrameView::FrameView(const Process& process, const unwind::Frame& frame, size_t frame_index,
                     const snapshot::Registers* at_call)
    : process_(process), frame_(frame), index_(frame_index) {
  if (at_call) at_call_ = *at_call;
  if (process.arch() != snapshot::Arch::x86_64) return;
  auto bounds = function_bounds(process, frame.lookup_pc());
  if (!bounds) return;
  begins_at_entry_ = bounds->begins_at_entry;
  values_ = FunctionValues::follow(process.memory(), bounds->range);
  if (!values_) return;
  instruction_ = frame.pc_is_exact ? values_->instruction_at(frame.pc)
                                   : values_->instruction_ending_at(frame.pc);
  if (instruction_) state_ = values_->before(instruction_->at);
  if (state_) collect_names();
}

std::optional<Address> FrameView::entry() const {
  if (!values_ || !begins_at_entry_) return {};
  return values_->range().begin;
}

std::string FrameView::function_name() const {
  Located place = process_.locate(frame_);
  // Of the calls inlined here, the innermost that is not the library's tells most.
  for (const auto& source : place.source) {
    if (source.function.empty() || is_library_function(source.function)) continue;
    return fmt::format("`{}`", brief_name(source.function));
  }
  return outer_function_name();
}

std::string FrameView::outer_function_name() const {
  Located place = process_.locate(frame_);
  if (!place.source.empty() && !place.source.back().function.empty()) {
    return fmt::format("`{}`", brief_name(place.source.back().function));
  }
  return process_.describe(frame_.lookup_pc());
}

void FrameView::add_variable(const symbols::Variable& variable, const TypeReader& reader,
                             const State& state, bool at_entry) {
  Naming naming{.name = variable.name, .type = {variable.type, 0, &reader}};
  Naming whole = naming;
  // A class of one word, such as an iterator or a smart pointer, is held as its only member is.
  uint64_t size = size_of(naming.type);
  if (auto inner = member_path(naming.type, 0); inner && size <= 8) {
    if (!inner->path.empty()) naming.name += "." + inner->path;
    naming.type = inner->type;
    size = size_of(naming.type);
  }
  if (variable.place.kind == Place::Kind::in_register) {
    if (variable.place.reg >= State::kRegisters) return;
    names_.push_back({state.regs[variable.place.reg], naming});
    return;
  }
  if (variable.place.kind != Place::Kind::memory || at_entry || frame_.cfa.value == 0) return;
  auto offset = static_cast<int64_t>(variable.place.value - frame_.cfa.value);
  constexpr int64_t kFrameReach = 16 << 20;
  if (offset > kFrameReach || offset < -kFrameReach) return;
  names_.push_back({values().stack(offset), whole, true});
  if (size == 0 || size > 8) return;
  const Slot* slot = state.slot(offset);
  symbols::Type plain = reader.type(reader.resolve(naming.type.type));
  ValueId value = slot && slot->size == size
                      ? slot->value
                      : values().load(values().stack(offset), static_cast<unsigned>(size),
                                      plain.encoding == symbols::Encoding::signed_);
  names_.push_back({value, naming});
}

void FrameView::collect_names() {
  if (!frame_.module) return;
  const TypeReader* reader = process_.types(*frame_.module);
  if (!reader) return;
  // Which register holds a variable counts even where the register's value is lost, as in callers;
  // places in memory count only where they could really be computed.
  symbols::FrameAccess strict = process_.access(frame_), loose = strict;
  loose.reg = [this](Register n) { return frame_.registers.get(n).value_or(0); };
  Address base = frame_.module->range.begin;
  auto add_all = [&](Rva rva, const State& state, bool at_entry) {
    auto variables = reader->variables_at(rva, strict);
    auto registers = reader->variables_at(rva, loose);
    std::erase_if(registers,
                  [](const auto& v) { return v.place.kind != Place::Kind::in_register; });
    std::erase_if(variables,
                  [](const auto& v) { return v.place.kind == Place::Kind::in_register; });
    variables.insert(variables.end(), registers.begin(), registers.end());
    // Names of the outer function first; reserved names (of libraries) last.
    std::stable_sort(variables.begin(), variables.end(), [](const auto& a, const auto& b) {
      auto rank = [](const symbols::Variable& v) {
        return std::tuple(v.name.starts_with("_"), v.name == "this", v.inline_depth);
      };
      return rank(a) < rank(b);
    });
    for (const auto& variable : variables) {
      if (at_entry && (!variable.is_parameter || variable.inline_depth != 0)) continue;
      add_variable(variable, *reader, state, at_entry);
    }
  };
  add_all(Rva{frame_.lookup_pc() - base}, *state_, false);
  if (auto begin = entry()) {
    if (auto at_entry = values_->before(*begin)) add_all(Rva{*begin - base}, *at_entry, true);
  }
}

const snapshot::Thread* FrameView::thread() const {
  const auto& stacks = process_.stacks();
  for (size_t i = 0; i < stacks.size() && i < process_.snapshot().threads.size(); ++i) {
    const auto& frames = stacks[i].frames;
    std::less<const unwind::Frame*> before;
    if (!frames.empty() && !before(&frame_, &frames.front()) && !before(&frames.back(), &frame_)) {
      return &process_.snapshot().threads[i];
    }
  }
  return nullptr;
}

std::optional<uint64_t> FrameView::concrete(ValueId id, unsigned depth) const {
  if (!id || depth > kMostDepth || !followed()) return {};
  for (size_t r = 0; r < State::kRegisters; ++r) {
    auto number = static_cast<Register>(r);
    if (state_->regs[r] != id) continue;
    if (at_call_ && number != snapshot::x64::rsp) {
      if (auto value = at_call_->get(number)) return value;
    }
    if (!frame_.pc_is_exact && !survives_call(number)) continue;
    if (auto value = frame_.registers.get(number)) return value;
  }
  bool has_cfa = frame_.cfa.value != 0;
  auto read = [&](Address at, unsigned size, bool is_signed) -> std::optional<uint64_t> {
    auto value = process_.access(frame_).memory(at, size);
    if (value && is_signed && size < 8 && (*value >> (8 * size - 1) & 1)) {
      *value |= ~uint64_t{0} << (8 * size);
    }
    return value;
  };
  if (has_cfa) {
    for (const Slot& slot : state_->slots) {
      if (slot.value != id) continue;
      Address at = frame_.cfa + static_cast<uint64_t>(slot.offset);
      if (auto value = read(at, slot.size, false)) return value;
    }
  }
  const Value v = values()[id];
  switch (v.form) {
    case Form::constant:
      return static_cast<uint64_t>(v.number);
    case Form::stack:
      if (!has_cfa) return {};
      return frame_.cfa.value + static_cast<uint64_t>(v.number);
    case Form::thread: {
      const snapshot::Thread* own = thread();
      return own ? own->tls : std::nullopt;
    }
    case Form::sum: {
      auto base = concrete(v.base, depth + 1);
      return base ? std::optional(*base + static_cast<uint64_t>(v.number)) : std::nullopt;
    }
    case Form::element: {
      auto base = concrete(v.base, depth + 1), index = concrete(v.index, depth + 1);
      return base && index ? std::optional(*base + *index * v.size) : std::nullopt;
    }
    case Form::load: {
      auto at = concrete(v.base, depth + 1);
      if (!at || v.size == 0 || v.size > 8) return {};
      return read(Address{*at}, v.size, v.is_signed);
    }
    case Form::narrow: {
      auto base = concrete(v.base, depth + 1);
      if (!base || v.size >= 8) return base;
      uint64_t mask = (uint64_t{1} << (8 * v.size)) - 1;
      uint64_t low = *base & mask;
      return v.is_signed && (low >> (8 * v.size - 1) & 1) ? low | ~mask : low;
    }
    default:
      return {};
  }
}

bool never_null(std::string_view function) {
  return function.starts_with("operator new") && function.find("nothrow") == function.npos;
}

bool returns_its_argument(std::string_view function) {
  while (function.starts_with('_')) function.remove_prefix(1);
  constexpr std::string_view kNames[] = {"memset", "memcpy",  "memmove", "strcpy",  "strncpy",
                                         "strcat", "strncat", "wmemset", "wmemcpy", "wcscpy"};
  // With what the C library appends for the processor: memset_avx2_unaligned_erms.
  return function.find("::") == function.npos &&
         std::ranges::any_of(kNames, [&](auto name) { return function.starts_with(name); });
}

ValueId FrameView::settle(ValueId id, std::optional<uint64_t> known) const {
  for (unsigned guard = 0; guard < 8 && values()[id].form == Form::merge; ++guard) {
    ValueId match, match_constant;
    unsigned matches = 0;
    for (ValueId choice : values().choices(id)) {
      auto value = concrete(choice);
      if (!known || value != known) continue;
      if (values()[choice].form == Form::constant) {
        match_constant = choice;
      } else {
        match = choice;
        ++matches;
      }
    }
    if (matches == 0 && !match_constant) {
      // None can be computed again; one that is at least named, if there is just one.
      for (ValueId choice : values().choices(id)) {
        Form form = values()[choice].form;
        bool tells = form == Form::entry || form == Form::result || form == Form::load;
        if (!tells || concrete(choice)) continue;
        if (known == 0 && form == Form::result && never_null(callee(values()[choice].at))) continue;
        match = choice;
        ++matches;
      }
    }
    if (matches > 1) return {};
    id = matches == 1 ? match : match_constant;
    if (!id) return {};
  }
  return id;
}

std::optional<Address> FrameView::callee_address(Address call) const {
  if (!values_) return {};
  const Instruction* instruction = values_->instruction_at(call);
  if (!instruction || instruction->flow != Flow::call) return {};
  const auto& memory = process_.memory();
  auto slot = [&](const Instruction& i) -> std::optional<Address> {
    const Operand* operand = i.explicit_operand(0);
    if (!operand || operand->kind != Operand::Kind::memory || !operand->pc_relative) return {};
    auto at = effective_address(i, *operand, snapshot::Registers(process_.arch()), {});
    auto value = at ? memory.read_pointer(*at, 8) : std::nullopt;
    return value ? std::optional(Address{*value}) : std::nullopt;
  };
  if (!instruction->target) {
    if (auto at = slot(*instruction)) return at;
    // Through a virtual table or a function pointer: if that has not changed since.
    auto target = concrete(values().target(call));
    const auto* region = target ? process_.snapshot().region_at(Address{*target}) : nullptr;
    const bool is_code = region && region->access && region->access->execute;
    return is_code ? std::optional(Address{*target}) : std::nullopt;
  }
  // A PLT stub: perhaps endbr64, then a jump through the GOT.
  Address at = *instruction->target;
  for (int i = 0; i < 2; ++i) {
    auto stub = decode(process_.arch(), memory, at);
    if (!stub) break;
    if (stub->flow == Flow::jump && !stub->target) {
      auto to = slot(*stub);
      return to ? to : instruction->target;
    }
    if (stub->mnemonic != "endbr64") break;
    at = stub->next();
  }
  return instruction->target;
}

std::string FrameView::callee(Address call) const {
  auto address = callee_address(call);
  if (!address) return {};
  Located place = process_.locate(*address);
  if (!place.source.empty() && !place.source.back().function.empty()) {
    return brief_name(place.source.back().function);
  }
  if (!place.module) return {};
  auto nearest = process_.symbols(*place.module).symbol_at(place.rva);
  return nearest && nearest->offset == 0 ? brief_name(nearest->name) : std::string{};
}

}  // namespace inquest::cause
