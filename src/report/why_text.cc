#include "report/report.h"

namespace inquest::report {

std::string stack_text(const answer::Answer& answer, const TextStyle&) {
  std::string out;
  for (const answer::Stack& stack : answer.threads) {
    out += fmt::format("thread {} {}{}\n", stack.thread, stack.name,
                       stack.crashed ? " (crashed)" : "");
    for (size_t i = 0; i < stack.frames.size(); ++i) {
      const answer::Frame& f = stack.frames[i];
      out += fmt::format("  #{} {:#x} {} {}:{} {}\n", i, f.pc.value, f.function, f.file, f.line,
                         f.module);
    }
  }
  return out;
}

std::string why_text(const answer::Answer& answer, const TextStyle& style) {
  std::string out =
      fmt::format("{} ({})\n", answer.verdict.summary, answer::name(answer.verdict.kind));
  for (const answer::Evidence& one : answer.verdict.evidence) out += "  - " + one.what + "\n";
  out += stack_text(answer, style);
  for (const Warning& one : answer.warnings) out += one.what + "; " + one.advice + "\n";
  return out;
}

std::string why_html(const answer::Answer& answer) { return why_text(answer, {}); }

}  // namespace inquest::report
