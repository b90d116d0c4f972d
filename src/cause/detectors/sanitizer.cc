// Ended by a sanitizer: it told what it saw on standard error, which is mostly lost, and left the
// same text in memory. The facts relied on stand in sanitizer_report.h.
#include <algorithm>

#include "cause/detectors/detectors.h"
#include "cause/evidence.h"
#include "cause/runtime/own_abort.h"
#include "cause/runtime/sanitizer_report.h"

namespace inquest::cause {
namespace {

using answer::Finding;
using answer::Kind;

constexpr size_t kShownFrames = 3;

bool is_sanitizers(const Call& call) {
  for (std::string_view space : {"__sanitizer::", "__asan::", "__hwasan::", "__ubsan::"}) {
    if (call.function.find(space) != call.function.npos) return true;
  }
  return call.module && call.module->file_name().starts_with("libasan");
}

std::string frames_in_words(const sanitizer::Report::Stack& stack) {
  std::string out;
  for (size_t i = 0; i < std::min(stack.frames.size(), kShownFrames); ++i) {
    out += (i == 0 ? "" : ", called by ") + shortened(stack.frames[i], 200);
  }
  return out;
}

/// "__ubsan_handle_add_overflow_abort" -> "add overflow"; empty when no such handler is on the
/// stack.
std::string failed_check(const std::vector<Call>& calls) {
  constexpr std::string_view kPrefix = "__ubsan_handle_";
  for (const Call& call : calls) {
    std::string name = plain_name(call.function);
    size_t at = name.find(kPrefix);
    if (at == name.npos) continue;
    std::string check = name.substr(at + kPrefix.size());
    for (std::string_view end : {"_abort", "_minimal"}) {
      if (check.ends_with(end)) check.resize(check.size() - end.size());
    }
    std::ranges::replace(check, '_', ' ');
    return check;
  }
  return {};
}

}  // namespace

Findings detect_sanitizer(const Process& process) {
  auto abort = own_abort(process);
  if (!abort || !abort->stack) return {};
  const size_t own = find_own_call(abort->calls);
  const std::string where = own == kNoCall ? "" : ", in " + place_of(process, abort->calls[own]);
  Finding finding{.kind = Kind::abort, .confidence = 0.95};
  auto add_place = [&] {
    if (own == kNoCall) return;
    finding.evidence.push_back({.what = place_of(process, abort->calls[own]) + " was stopped",
                                .thread = abort->thread->id,
                                .frame = frame_index(abort->calls, own)});
  };
  if (std::string check = failed_check(abort->calls); !check.empty()) {
    finding.kind = Kind::assertion;
    finding.summary =
        fmt::format("a check of the undefined-behaviour sanitizer failed: {}{}", check, where);
    add_place();
    finding.next = {"its message on standard error has the values"};
    return {std::move(finding)};
  }
  if (std::ranges::none_of(abort->calls, is_sanitizers)) return {};
  const auto found = find_sanitizer_report(process);
  if (!found) return {};
  const sanitizer::Report* report = &found->report;
  finding.kind = kind_of_sanitizer_error(report->error);
  finding.summary = fmt::format("{} stopped the program: {}{}", report->tool, report->error, where);
  finding.evidence.push_back(
      {.what = fmt::format("{} said: {}", report->tool, shortened(report->line, 300)),
       .thread = abort->thread->id,
       .address = found->at});
  add_place();
  for (const std::string& line : {report->access, report->place}) {
    if (!line.empty()) finding.evidence.push_back({.what = shortened(line, 300)});
  }
  for (const auto& stack : report->stacks) {
    if (stack.heading.empty() || stack.frames.empty()) continue;
    finding.evidence.push_back(
        {.what = fmt::format("{}: {}", stack.heading, frames_in_words(stack))});
  }
  finding.next = {fmt::format("the whole report stands at {} in the dump", found->at)};
  return {std::move(finding)};
}

}  // namespace inquest::cause
