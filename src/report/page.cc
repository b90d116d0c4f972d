#include "report/page.h"

#include "report/warning_groups.h"

namespace inquest::report {

std::string Page::subject(const answer::Dump& dump) {
  std::string text = dump.command.empty() ? "A process" : clean(dump.command);
  if (dump.pid) text += fmt::format(" (pid {})", *dump.pid);
  return text;
}

void Page::in_place_note(std::optional<double> milliseconds) {
  if (!milliseconds) return;
  prose("  ", fmt::format("Read while it ran: for {:.1f} ms. What moved meanwhile may contradict "
                          "itself, and what only a register kept is not seen.",
                          *milliseconds));
}

void Page::heading(std::string_view text) { out_ += "\n" + paint_.heading(text) + "\n"; }

void Page::prose(std::string_view first, std::string_view text) {
  out_ += wrapped(clean(text), first, style_.width);
}

void Page::warnings(const std::vector<Warning>& warnings) {
  if (warnings.empty()) return;
  heading("Warnings");
  for (const WarningGroup& group : group_warnings(warnings)) {
    prose("  - ", group.what);
    if (!group.advice.empty()) prose("    ", "-> " + group.advice);
  }
}

}  // namespace inquest::report
