/// `why` and `stack` for people at a terminal: the verdict first, then what it rests on.
#include <algorithm>
#include <set>

#include "report/folding.h"
#include "report/page.h"
#include "report/prose.h"
#include "report/report.h"
#include "report/source_lines.h"
#include "report/stack_lines.h"

namespace inquest::report {
namespace {

constexpr size_t kCrashedRows = 60;  ///< of the crashed stack; `inquest stack` prints all
constexpr size_t kVariableFrames = 3;
constexpr size_t kVariables = 8;  ///< of a frame of the crashed stack
constexpr size_t kOtherRows = 6;  ///< of each other stack in `why`
constexpr size_t kGroupsTold = 12;
constexpr size_t kOtherFindings = 5;
constexpr size_t kOtherEvidence = 3;
constexpr size_t kSourcesTold = 5;

/// "2026-11-22T00:41:15Z" -> "2026-11-22 00:41:15 UTC"
std::string readable_time(const std::string& iso) {
  std::string text = clean(iso);
  if (text.size() != 20 || text[10] != 'T' || text[19] != 'Z') return text;
  return text.substr(0, 10) + " " + text.substr(11, 8) + " UTC";
}

bool is_raised_by_instruction(std::string_view signal) {
  for (std::string_view one : {"SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP", "SIGSYS"}) {
    if (signal == one) return true;
  }
  return false;
}

class WhyText : Page {
 public:
  WhyText(const answer::Answer& answer, const TextStyle& style) : Page(style), answer_(answer) {}

  std::string why() {
    header();
    verdict();
    fault();
    crashed_stack();
    other_findings();
    other_threads();
    next();
    warnings(answer_.warnings);
    footer();
    return std::move(out_);
  }

  std::string stacks() {
    for (const Group& group : all_groups()) {
      const answer::Stack& first = answer_.threads[group.members[0]];
      out_ += title_of(group) + (first.crashed ? paint_.alarm(" (crashed)") : "") + "\n";
      const bool has_variables =
          std::ranges::any_of(first.frames, [](const auto& one) { return !!one.variables; });
      if (has_variables && group.members.size() > 1) {
        out_ += paint_.dim(
            fmt::format("  (variables of thread {}; --all-threads prints each)\n", first.thread));
      }
      out_ += lines_of(first, {.style = style_,
                               .palette = paint_,
                               .variable_frames = SIZE_MAX,
                               .variables = SIZE_MAX}) +
              "\n";
    }
    std::string sources = source_lines(answer_.threads, 0, paint_);
    if (!sources.empty()) heading("Sources of these builds");
    out_ += sources;
    warnings(answer_.warnings);
    return std::move(out_);
  }

 private:
  void header() {
    const answer::Dump& dump = answer_.dump;
    std::string text = subject(dump);
    if (answer_.fault && !answer_.fault->signal.empty()) {
      text += " died of " + clean(answer_.fault->signal);
    } else if (answer_.fault && !answer_.fault->exception.empty()) {
      text += " died of exception " + clean(answer_.fault->exception);
    }
    if (!dump.time.empty()) text += ", " + readable_time(dump.time);
    text += fmt::format(". {} {} {}, {}{}", clean(dump.os), clean(dump.arch), clean(dump.format),
                        size_text(dump.bytes), dump.complete ? "" : ", incomplete");
    out_ += paint_.dim(wrapped(text, "", style_.width));
  }

  void verdict() {
    const answer::Finding& verdict = answer_.verdict;
    out_ += "\n";
    std::string sentence = verdict.summary.empty() ? "The cause is not known" : verdict.summary;
    std::string lines = wrapped(clean(sentence), "", style_.width);
    lines.pop_back();
    out_ += paint_.alarm(lines) + "\n";
    // "unknown" is no guess of which one could be sure.
    std::string sure =
        verdict.confidence > 0 ? ", " + confidence_text(verdict.confidence) : std::string{};
    out_ += fmt::format("{} {}{}\n", paint_.dim("cause:"), paint_.bold(name(verdict.kind)), sure);
    if (verdict.evidence.empty()) return;
    heading("Evidence");
    for (const answer::Evidence& one : verdict.evidence) evidence("  - ", one);
  }

  void evidence(std::string_view first, const answer::Evidence& one) {
    std::string text = one.what;
    bool other_thread = one.thread && (!answer_.fault || *one.thread != answer_.fault->thread);
    std::string place;
    if (other_thread) place = fmt::format("thread {}", *one.thread);
    if (one.frame) place += fmt::format("{}#{}", place.empty() ? "" : " ", *one.frame);
    if (!place.empty()) text += " (" + place + ")";
    prose(first, text);
  }

  void fault() {
    if (!answer_.fault) return;
    const answer::Fault& fault = *answer_.fault;
    // After abort() or kill, the instruction only says that the process was in the kernel.
    if (!fault.address && !is_raised_by_instruction(fault.signal) && fault.exception.empty())
      return;
    heading("Fault");
    std::string what = clean(fault.signal.empty() ? fault.exception : fault.signal);
    if (fault.access != "none" && fault.address) {
      what += fmt::format("{}{} of address {}", what.empty() ? "" : ": ", clean(fault.access),
                          *fault.address);
    } else if (fault.address) {
      what += fmt::format("{}at address {}", what.empty() ? "" : " ", *fault.address);
    }
    what += fmt::format(" in thread {}", fault.thread);
    prose("  ", what);
    if (!fault.instruction.empty()) {
      out_ += "  instruction: " + paint_.bold(clean(fault.instruction)) + "\n";
    }
    if (const auto& e = fault.explanation) {
      std::string text = "the pointer was " + e->base;
      if (!e->member.empty() && e->offset) {
        text += fmt::format("; {} bytes from it lies {}", *e->offset, e->member);
      } else if (e->offset) {
        auto offset = static_cast<int64_t>(*e->offset);
        text += offset < 0 ? fmt::format(", the access {} bytes before it", 0 - *e->offset)
                           : fmt::format(", the access {} bytes after it", offset);
      }
      if (!e->type.empty()) text += ", of a " + shortened(e->type, 80);
      prose("  ", text);
    }
  }

  void crashed_stack() {
    auto crashed = std::ranges::find_if(answer_.threads, [](auto& t) { return t.crashed; });
    if (crashed == answer_.threads.end()) return;
    heading(
        fmt::format("Stack of {}",
                    threads_title(answer_.threads,
                                  {static_cast<size_t>(crashed - answer_.threads.begin())}, "")));
    out_ += lines_of(*crashed, {.style = style_,
                                .palette = paint_,
                                .most_rows = style_.all_threads ? 0 : kCrashedRows,
                                .excerpts = true,
                                .died = answer_.dump.time,
                                .variable_frames = kVariableFrames,
                                .variables = kVariables});
    std::string sources =
        source_lines({&*crashed, 1}, style_.all_threads ? 0 : kSourcesTold, paint_);
    if (!sources.empty()) heading("Sources of this build");
    out_ += sources;
  }

  void other_findings() {
    size_t told = 0;
    for (const answer::Finding& one : answer_.findings) {
      bool is_verdict = one.kind == answer_.verdict.kind && one.summary == answer_.verdict.summary;
      if (is_verdict || told == kOtherFindings) continue;
      if (told++ == 0) heading("Also found");
      prose("  - ", fmt::format("{}: {} - {}", name(one.kind), one.summary,
                                confidence_text(one.confidence)));
      for (size_t i = 0; i < one.evidence.size() && i < kOtherEvidence; ++i) {
        evidence("      - ", one.evidence[i]);
      }
    }
  }

  /// Threads that the verdict speaks of come first, and in full.
  void other_threads() {
    std::set<uint32_t> cited;
    for (const answer::Evidence& one : answer_.verdict.evidence) {
      if (one.thread) cited.insert(*one.thread);
    }
    std::vector<Group> groups = all_groups();
    std::erase_if(groups, [&](const Group& g) { return answer_.threads[g.members[0]].crashed; });
    auto is_cited = [&](const Group& group) {
      return std::ranges::any_of(
          group.members, [&](size_t i) { return cited.contains(answer_.threads[i].thread); });
    };
    std::ranges::stable_partition(groups, is_cited);
    size_t count = 0;
    for (const Group& group : groups) count += group.members.size();
    if (count == 0) return;
    bool is_rest = count < answer_.threads.size();
    heading(fmt::format("{} {}thread{}", count, is_rest ? "other " : "", count == 1 ? "" : "s"));
    for (size_t i = 0; i < groups.size(); ++i) {
      if (i == kGroupsTold && !style_.all_threads) {
        out_ += fmt::format("  ... {} more different stacks: inquest stack shows them\n",
                            groups.size() - i);
        break;
      }
      bool whole = style_.all_threads || is_cited(groups[i]);
      out_ += title_of(groups[i]) + "\n";
      out_ += lines_of(answer_.threads[groups[i].members[0]], {.style = style_,
                                                               .palette = paint_,
                                                               .most_rows = style_.all_threads ? 0
                                                                            : whole ? kCrashedRows
                                                                                    : kOtherRows});
    }
  }

  void next() {
    if (answer_.verdict.next.empty()) return;
    heading("What to do next");
    for (const std::string& step : answer_.verdict.next) prose("  - ", step);
  }

  void footer() {
    std::string path = answer_.dump.path.empty() ? "DUMP" : clean(answer_.dump.path);
    out_ += "\n" + paint_.dim(wrapped(
                       fmt::format("More: inquest stack {0} (all frames of all threads); inquest "
                                   "why {0} --format html > why.html",
                                   path),
                       "", style_.width));
  }

  std::vector<Group> all_groups() const {
    if (!style_.all_threads) return group_stacks(answer_.threads);
    std::vector<Group> each;
    for (size_t i = 0; i < answer_.threads.size(); ++i) each.push_back({{i}});
    return each;
  }
  std::string title_of(const Group& group) const {
    return paint_.bold(
        threads_title(answer_.threads, group.members, common_name(answer_.threads, group)));
  }

  const answer::Answer& answer_;
};

}  // namespace

std::string why_text(const answer::Answer& answer, const TextStyle& style) {
  return WhyText(answer, style).why();
}

std::string stack_text(const answer::Answer& answer, const TextStyle& style) {
  return WhyText(answer, style).stacks();
}

}  // namespace inquest::report
