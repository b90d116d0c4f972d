// A function's stack canary was overwritten: the compiler's check before the return calls
// __stack_chk_fail (gcc and clang, -fstack-protector; glibc: "*** stack smashing detected ***").
// The canary lies between the locals and the saved registers and the return address; the true one
// is at fs:0x28 (System V psABI, x86-64 TLS: tcbhead_t's stack_guard).
#include <algorithm>

#include "cause/detectors/detectors.h"
#include "cause/evidence.h"
#include "cause/runtime/own_abort.h"
#include "cause/runtime/what.h"

namespace inquest::cause {
namespace {

using answer::Finding;
using answer::Kind;

constexpr uint64_t kLongestText = 256;

/// The bytes over the end of the frame, when they are one run of text that reaches past it.
struct Overwrite {
  Address begin;
  std::string text;
};
std::optional<Overwrite> overwrite_of(const Process& process, const unwind::Frame& frame) {
  if (frame.cfa.value < kLongestText) return {};
  const auto& memory = process.memory();
  auto is_text = [&](Address at) {
    auto byte = memory.read<uint8_t>(at);
    return byte && *byte >= 0x20 && *byte < 0x7f;
  };
  // The canary is somewhere in the last words before the return address (saved registers may be in
  // between): the run of text must cover a whole word there.
  for (uint64_t back = 16; back <= 72; back += 8) {
    Address word = frame.cfa - back;
    bool covered = true;
    for (uint64_t i = 0; i < 8 && covered; ++i) covered = is_text(word + i);
    if (!covered) continue;
    Overwrite out{.begin = word};
    while (word - out.begin < kLongestText && is_text(out.begin - 1)) out.begin = out.begin - 1;
    for (Address at = out.begin; at - out.begin < 2 * kLongestText && is_text(at); at = at + 1) {
      out.text += static_cast<char>(*memory.read<uint8_t>(at));
    }
    return out;
  }
  return {};
}

}  // namespace

Findings detect_stack_smash(const Process& process) {
  auto abort = own_abort(process);
  if (!abort || !abort->stack) return {};
  const auto& calls = abort->calls;
  size_t check = find_call(calls, {"__stack_chk_fail", "__stack_chk_fail_local"});
  if (check == kNoCall) return {};
  while (check + 1 < calls.size() &&
         is_any(calls[check + 1], {"__stack_chk_fail", "__stack_chk_fail_local"})) {
    ++check;
  }
  Finding finding{.kind = Kind::stack_smash, .confidence = 0.98};
  uint32_t thread = abort->thread->id;
  if (auto message = find_abort_message(process)) {
    finding.evidence.push_back(
        {.what = fmt::format("the C library's last words: \"{}\"", message->text),
         .thread = thread,
         .address = message->at});
  }
  size_t victim = check + 1;
  if (victim >= calls.size() || calls[victim].frame >= abort->stack->frames.size()) {
    finding.summary =
        "a function wrote past the end of a local array; the stack does not say which";
    return {finding};
  }
  // The check is made by the outer function, whatever was inlined into it.
  size_t outer = victim;
  while (outer + 1 < calls.size() && calls[outer + 1].frame == calls[victim].frame) ++outer;
  std::string place = place_of(process, calls[outer]);
  finding.summary = fmt::format(
      "{} wrote past the end of one of its local arrays: its stack canary "
      "was overwritten",
      place);
  finding.evidence.push_back(
      {.what = fmt::format("{} found its canary changed when it returned", place),
       .thread = thread,
       .frame = frame_index(calls, outer)});
  const auto& frame = abort->stack->frames[calls[victim].frame];
  if (auto overwrite = overwrite_of(process, frame)) {
    finding.summary += fmt::format(" by the text \"{}\"", shortened(overwrite->text, 80));
    finding.evidence.push_back(
        {.what = fmt::format("the end of its frame holds the text \"{}\"", overwrite->text),
         .thread = thread,
         .frame = frame_index(calls, outer),
         .address = overwrite->begin});
  }
  for (const auto& variable : process.variables(frame)) {
    if (variable.place.kind != symbols::Place::Kind::memory || !frame.module) continue;
    const auto* types = process.types(*frame.module);
    if (!types) break;
    auto type = types->type(types->resolve(variable.type));
    if (type.kind != symbols::TypeKind::array) continue;
    finding.evidence.push_back(
        {.what = fmt::format("its local array `{}` is {} bytes long", variable.name, type.size),
         .thread = thread,
         .frame = frame_index(calls, outer),
         .address = Address{variable.place.value}});
  }
  finding.next.push_back(
      "bound every write into the function's local arrays (snprintf, "
      "std::string, std::array with checks)");
  return {finding};
}

}  // namespace inquest::cause
