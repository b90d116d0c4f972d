// A pure virtual function was called: __cxa_pure_virtual (Itanium C++ ABI 3.2.6; libstdc++ and
// libc++abi) stands in the virtual table of an abstract class for every function it does not
// define. Objects have that table only while the abstract base's constructor or destructor runs, or
// after the destructor has run.
#include "cause/code/call_site.h"
#include "cause/detectors/detectors.h"
#include "cause/evidence.h"
#include "cause/runtime/termination.h"

namespace inquest::cause {
namespace {

using answer::Finding;
using answer::Kind;

struct Culprit {
  Address object;
  TypeInfo type;
};

/// The object whose virtual function was called: the caller's rdi, or else a register of the caller
/// that points to something with a virtual table.
std::optional<Culprit> culprit_of(const Process& process, const unwind::Frame& caller) {
  namespace x64 = snapshot::x64;
  auto check = [&](uint64_t value) -> std::optional<Culprit> {
    auto vptr = process.memory().read<uint64_t>(Address{value});
    if (!vptr) return {};
    auto type = type_of_vtable(process, Address{*vptr});
    if (!type) return {};
    return Culprit{Address{value}, std::move(*type)};
  };
  if (auto self = argument_at_call(process, caller, x64::rdi)) {
    if (auto found = check(*self)) return found;
    // A function that returns a class by value takes `this` as its second argument.
    if (auto second = argument_at_call(process, caller, x64::rsi)) {
      if (auto found = check(*second)) return found;
    }
  }
  for (auto reg : {x64::rbx, x64::rbp, x64::r12, x64::r13, x64::r14, x64::r15}) {
    auto value = caller.registers.get(reg);
    if (!value) continue;
    if (auto found = check(*value)) return found;
  }
  return {};
}

enum class Phase { constructor, destructor, unknown };

/// Whether a call further out is a constructor or destructor, of `type` or of anything that may
/// derive from it, and which call.
std::pair<Phase, size_t> phase_of(const std::vector<Call>& calls, size_t from) {
  for (size_t i = from; i < calls.size() && i < from + 64; ++i) {
    std::string plain = plain_name(calls[i].function);
    size_t colon = plain.rfind("::");
    if (colon == std::string::npos) continue;
    std::string_view method = std::string_view(plain).substr(colon + 2);
    std::string_view owner = std::string_view(plain).substr(0, colon);
    // "game::Monster<int>::Monster": the class's own name, without template arguments.
    if (size_t open = owner.find('<'); open != owner.npos) owner = owner.substr(0, open);
    if (size_t last = owner.rfind("::"); last != owner.npos) owner = owner.substr(last + 2);
    if (method == owner) return {Phase::constructor, i};
    if (method.starts_with('~') && method.substr(1) == owner) return {Phase::destructor, i};
  }
  return {Phase::unknown, kNoCall};
}

/// What the slot holds in the table of the class whose constructor or destructor `call` is.
std::string function_in_slot(const Process& process, const Call& call, uint64_t slot) {
  std::string plain = plain_name(call.function);
  size_t colon = plain.rfind("::");
  if (colon == std::string::npos || !call.module) return {};
  std::string_view linkage = call.linkage;
  // _ZN5TrollC2ER8Bestiary: the class's name stands between _ZN and C1, C2, D0, D1 or D2.
  if (!linkage.starts_with("_ZN")) return {};
  for (std::string_view mark : {"C2", "C1", "D2", "D1", "D0"}) {
    size_t at = linkage.find(mark);
    if (at == linkage.npos) continue;
    std::string_view name = linkage.substr(3, at - 3);
    size_t parts = 0;
    for (size_t i = 0; i < name.size();) {
      size_t length = 0;
      while (i < name.size() && name[i] >= '0' && name[i] <= '9') {
        length = length * 10 + static_cast<size_t>(name[i++] - '0');
      }
      if (length == 0 || length > name.size() - i) return {};
      i += length;
      ++parts;
    }
    std::string symbol = parts == 1 ? fmt::format("_ZTV{}", name) : fmt::format("_ZTVN{}E", name);
    auto table = process.symbols(*call.module).find(symbol);
    if (!table) return {};
    auto function =
        process.memory().read<uint64_t>(call.module->range.begin + table->value + 16 + slot);
    if (!function) return {};
    Located place = process.locate(Address{*function});
    if (place.source.empty()) return {};
    return place.source.back().function;
  }
  return {};
}

}  // namespace

Findings detect_pure_virtual_call(const Process& process) {
  auto end = termination_of(process);
  if (!end || end->way != Termination::Way::pure_virtual) return {};
  const auto& calls = end->abort.calls;
  const auto& frames = end->abort.stack->frames;
  Finding finding{.kind = Kind::pure_virtual_call, .confidence = 0.97};
  uint32_t thread = end->abort.thread->id;

  size_t pure = find_call(calls, {"__cxa_pure_virtual"});
  std::string caller_text = "code without symbols", object_text;
  std::optional<Culprit> culprit;
  std::optional<uint64_t> slot;
  if (pure != kNoCall && calls[pure].frame + 1 < frames.size()) {
    const auto& caller = frames[calls[pure].frame + 1];
    culprit = culprit_of(process, caller);
    slot = virtual_slot_at_call(process, caller);
  }
  size_t caller = end->raiser;
  if (caller != kNoCall) {
    caller_text = place_of(process, calls[caller]);
    finding.evidence.push_back({.what = fmt::format("called by {}", caller_text),
                                .thread = thread,
                                .frame = frame_index(calls, caller)});
  }

  auto [phase, phase_call] = phase_of(calls, caller == kNoCall ? 0 : caller);
  std::string function;
  // The outermost constructor or destructor of the run is that of the most derived class.
  if (slot && phase != Phase::unknown) {
    for (size_t i = phase_call; i < calls.size() && i < phase_call + 16 && function.empty(); ++i) {
      function = function_in_slot(process, calls[i], *slot);
      if (function == "__cxa_pure_virtual") function.clear();
    }
  }

  std::string class_text = culprit ? fmt::format("a `{}`", culprit->type.name) : "an object";
  std::string what = function.empty()
                         ? fmt::format("a pure virtual function of {}", class_text)
                         : fmt::format("a pure virtual function of {} (`{}` in the derived class)",
                                       class_text, function);
  std::string_view when = phase == Phase::constructor  ? " while its constructor was running"
                          : phase == Phase::destructor ? " while its destructor was running"
                                                       : "";
  finding.summary = fmt::format("{} called {}{}", caller_text, what, when);
  if (culprit) {
    finding.evidence.push_back(
        {.what = fmt::format("the object's virtual table is that of the abstract class `{}`: the "
                             "derived part is not there (yet, or any more)",
                             culprit->type.name),
         .thread = thread,
         .address = culprit->object});
  }
  if (phase != Phase::unknown) {
    finding.evidence.push_back(
        {.what = fmt::format("{} is on the stack", place_of(process, calls[phase_call])),
         .thread = thread,
         .frame = frame_index(calls, phase_call)});
    finding.next.push_back(
        phase == Phase::constructor
            ? "do not let others call virtual functions before the constructor is done: register "
              "the object afterwards (a factory function)"
            : "do what needs the virtual function before the destructor of the base runs: in the "
              "derived class's destructor, or before the delete");
  } else {
    finding.next.push_back(
        "no constructor or destructor is on the stack: look for a use of the "
        "object after its destructor has run");
  }
  return {finding};
}

}  // namespace inquest::cause
