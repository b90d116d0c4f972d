/// `why` as one file: opens anywhere, asks no server, reads well on a phone and in the dark.
#include <algorithm>

#include "report/excerpt.h"
#include "report/folding.h"
#include "report/html.h"
#include "report/page_assets.h"
#include "report/prose.h"
#include "report/report.h"
#include "report/stack_lines.h"
#include "report/warning_groups.h"
#include "report/why_heap.h"

namespace inquest::report {
namespace {

constexpr size_t kHtmlRows = 400;  ///< of one stack; JSON has all
constexpr size_t kGroups = 2000;   ///< of equal stacks
constexpr size_t kMembersNamed = 64;

class HtmlPage {
 public:
  explicit HtmlPage(const answer::Answer& answer, std::string heap = {})
      : answer_(answer), heap_(std::move(heap)) {}

  std::string make() {
    head();
    verdict();
    fault();
    tools();
    threads();
    other_findings();
    add(heap_);
    warnings();
    modules();
    add("<script>", kPageScript, "</script>\n</body>\n</html>\n");
    return std::move(out_);
  }

 private:
  template <class... Parts>
  void add(const Parts&... parts) {
    ((out_ += parts), ...);
  }
  void heading(std::string_view text) { add("<h2>", escaped(text), "</h2>\n"); }

  void head() {
    const answer::Dump& dump = answer_.dump;
    std::string who = dump.command.empty() ? "a process" : dump.command;
    if (dump.pid) who += fmt::format(" ({})", *dump.pid);
    add("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"",
        kPagePolicy,
        "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"referrer\" content=\"no-referrer\">\n<title>",
        escaped("Why " + who + " died"), "</title>\n<style>", kPageStyle,
        "</style>\n</head>\n<body>\n");
    std::string line = who;
    if (answer_.fault) {
      const std::string& of =
          answer_.fault->signal.empty() ? answer_.fault->exception : answer_.fault->signal;
      if (!of.empty()) line += " died of " + of;
    }
    for (const std::string& part : {dump.time, dump.os, dump.arch, dump.format}) {
      if (!part.empty()) line += " · " + part;
    }
    line += " · " + size_text(dump.bytes);
    if (!dump.complete) line += " · incomplete";
    add("<p class=\"dim\">", escaped(line), "</p>\n");
  }

  void verdict() {
    const answer::Finding& v = answer_.verdict;
    double confidence = v.confidence > 0 ? std::min(v.confidence, 1.0) : 0;
    add("<section class=\"verdict\">\n<h1>",
        escaped(v.summary.empty() ? "The cause is not known" : v.summary),
        "</h1>\n<p><span class=\"kind\">", escaped(name(v.kind)), "</span> ",
        fmt::format("<meter value=\"{:.2f}\"></meter> ", confidence),
        escaped(confidence_text(confidence)), "</p>\n");
    evidence(v.evidence);
    add("</section>\n");
    if (v.next.empty()) return;
    heading("What to do next");
    add("<ul>\n");
    for (const std::string& step : v.next) add("<li>", escaped(step), "</li>\n");
    add("</ul>\n");
  }

  void evidence(const std::vector<answer::Evidence>& all) {
    if (all.empty()) return;
    add("<ul>\n");
    for (const answer::Evidence& one : all) {
      add("<li>", escaped(one.what));
      if (one.thread && one.frame) {
        add(fmt::format(" <a href=\"#t{0}f{1}\">thread {0} #{1}</a>", *one.thread, *one.frame));
      } else if (one.thread) {
        add(fmt::format(" <a href=\"#t{0}\">thread {0}</a>", *one.thread));
      }
      if (one.address) add(fmt::format(" <code class=\"dim\">{}</code>", *one.address));
      add("</li>\n");
    }
    add("</ul>\n");
  }

  void row(std::string_view what, const std::string& value) {
    if (!value.empty()) add("<dt>", what, "</dt><dd><code>", escaped(value), "</code></dd>\n");
  }

  void fault() {
    if (!answer_.fault) return;
    const answer::Fault& f = *answer_.fault;
    heading("Fault");
    add("<dl>\n");
    row("signal", f.signal);
    row("exception", f.exception);
    row("thread", fmt::format("{}", f.thread));
    row("access", f.access == "none" ? "" : f.access);
    if (f.address) row("address", fmt::format("{}", *f.address));
    row("instruction", f.instruction);
    if (const auto& e = f.explanation) {
      row("pointer", e->base);
      row("type", e->type);
      row("member", e->member);
      if (e->offset) row("offset", fmt::format("{}", static_cast<int64_t>(*e->offset)));
    }
    add("</dl>\n");
  }

  void tools() {
    add("<div class=\"tools\" data-tools hidden><input id=\"search\" type=\"search\" "
        "placeholder=\"Search threads and modules\" aria-label=\"Search\">"
        "<button id=\"open\" type=\"button\">Open all</button>"
        "<button id=\"close\" type=\"button\">Close all</button>"
        "<span id=\"matches\" class=\"dim\" role=\"status\"></span></div>\n");
  }

  void threads() {
    if (answer_.threads.empty()) return;
    heading(fmt::format("Threads ({})", answer_.threads.size()));
    std::vector<Group> groups = group_stacks(answer_.threads);
    for (size_t i = 0; i < groups.size() && i < kGroups; ++i) group(groups[i]);
    if (groups.size() > kGroups) {
      add(fmt::format("<p class=\"dim\">{} more different stacks are in the JSON report.</p>\n",
                      groups.size() - kGroups));
    }
  }

  void group(const Group& group) {
    const answer::Stack& first = answer_.threads[group.members[0]];
    std::string common = common_name(answer_.threads, group);
    add("<details data-searched", first.crashed ? " open" : "", "><summary>");
    // An anchor for each member: evidence points to threads, not to groups.
    for (size_t i = 1; i < group.members.size(); ++i) {
      add(fmt::format("<span id=\"t{}\"></span>", answer_.threads[group.members[i]].thread));
    }
    add(fmt::format("<span id=\"t{}\">", first.thread),
        escaped(threads_title(answer_.threads, group.members, common)), "</span>");
    if (first.crashed) add(" <b class=\"caution\">crashed</b>");
    if (!first.frames.empty()) {
      add(" <span class=\"dim\">", escaped(shortened(first.frames[0].function, 60)), "</span>");
    }
    add("</summary>\n");
    if (group.members.size() > 1) members(group);
    stack(first);
    add("</details>\n");
  }

  void members(const Group& group) {
    std::string text;
    for (size_t i = 0; i < group.members.size() && i < kMembersNamed; ++i) {
      const answer::Stack& one = answer_.threads[group.members[i]];
      text += fmt::format("{}{} {}", i ? ", " : "", one.thread, one.name);
    }
    if (group.members.size() > kMembersNamed) {
      text += fmt::format(" and {} more", group.members.size() - kMembersNamed);
    }
    add("<p class=\"frame\"><span></span><span class=\"dim\">", escaped(text), "</span></p>\n");
  }

  void stack(const answer::Stack& stack) {
    add("<ol class=\"stack\">\n");
    bool excerpt_due = stack.crashed;
    for (const Row& row : cut_rows(fold_recursion(stack.frames), kHtmlRows)) {
      if (row.count > 1 || row.period) {
        add("<li class=\"frame\"><span class=\"folded\">",
            escaped(folded_text(stack.frames, row.first, row.count, row.period)), "</span></li>\n");
        continue;
      }
      const answer::Frame& f = stack.frames[row.first];
      add(fmt::format("<li class=\"frame\" id=\"t{}f{}\"><span class=\"number\">#{}</span><span>",
                      stack.thread, row.first, row.first),
          "<span class=\"name\">",
          escaped(f.function.empty() ? (f.signal_frame ? "<signal handler called>" : "??")
                                     : f.function),
          "</span>");
      if (f.inlined) add(" <span class=\"tag\">inlined</span>");
      if (f.trust != "context" && f.trust != "cfi" && f.trust != "pe") {
        float confidence = f.confidence > 0 ? std::min(f.confidence, 1.0F) : 0;
        add(" <span class=\"tag caution\">", escaped(f.trust),
            fmt::format(" {:.0f} %</span>", confidence * 100));
      }
      add("</span><span class=\"place\">", escaped(place_of(f)), fmt::format(" · {}", f.pc));
      // Followed only when the reader does.
      if (f.source_url.starts_with("http://") || f.source_url.starts_with("https://")) {
        add(" · <a rel=\"noreferrer\" href=\"", escaped(f.source_url), "\">source</a>");
      }
      add("</span>");
      if (excerpt_due && !f.file.starts_with("/usr/")) {
        if (auto found = excerpt(f.file, f.line, 3, answer_.dump.time)) {
          source(*found);
          excerpt_due = false;
        }
      }
      if (f.variables) variables(*f.variables);
      add("</li>\n");
    }
    if (stack.frames.empty()) add("<li class=\"frame\"><span></span>no frames</li>\n");
    if (!stack.note.empty()) {
      add("<li class=\"frame\"><span></span><span class=\"caution\">the stack ends here: ",
          escaped(stack.note), "</span></li>\n");
    }
    add("</ol>\n");
  }

  void variables(const std::vector<answer::Variable>& all) {
    if (std::ranges::all_of(all, [](const auto& one) { return one.artificial; })) return;
    add("<div class=\"source\">");
    for (const answer::Variable& one : all) {
      if (one.artificial) continue;
      add(escaped(one.name));
      if (one.type_helps && !one.type.empty())
        add(" <span class=\"dim\">(", escaped(shortened(one.type, 60)), ")</span>");
      if (one.unavailable.empty()) {
        add(" = ", escaped(one.value));
      } else {
        add(" <span class=\"dim\">", escaped(one.unavailable), "</span>");
      }
      if (!one.note.empty()) add(" <span class=\"caution\">(", escaped(one.note), ")</span>");
      add("\n");
    }
    add("</div>");
  }

  void source(const Excerpt& found) {
    add("<div class=\"source\">");
    for (size_t i = 0; i < found.lines.size(); ++i) {
      auto number = static_cast<uint32_t>(found.first + i);
      std::string line = fmt::format("{:5}  {}", number, escaped(found.lines[i]));
      if (number == found.marked) {
        add("<mark>", line, "</mark>");
      } else {
        add(line, "\n");
      }
    }
    if (found.newer)
      add("<span class=\"caution\">this file was changed after the process died</span>");
    add("</div>");
  }

  void other_findings() {
    bool any = false;
    for (const answer::Finding& one : answer_.findings) {
      if (one.kind == answer_.verdict.kind && one.summary == answer_.verdict.summary) continue;
      if (!any) heading("Also found");
      any = true;
      add("<details data-searched><summary><span class=\"kind\">", escaped(name(one.kind)),
          "</span> ", escaped(one.summary), " <span class=\"dim\">",
          escaped(confidence_text(one.confidence)), "</span></summary>\n");
      evidence(one.evidence);
      add("</details>\n");
    }
  }

  void warnings() {
    if (answer_.warnings.empty()) return;
    heading("Warnings");
    add("<ul>\n");
    for (const WarningGroup& one : group_warnings(answer_.warnings)) {
      add("<li>", escaped(one.what));
      if (!one.advice.empty()) add("<br><span class=\"dim\">", escaped(one.advice), "</span>");
      add("</li>\n");
    }
    add("</ul>\n");
  }

  void modules() {
    if (answer_.modules.empty()) return;
    heading(fmt::format("Modules ({})", answer_.modules.size()));
    add("<div class=\"scroll\"><table><thead><tr><th>name</th><th>symbols</th><th>base</th>"
        "<th>build id</th></tr></thead><tbody>\n");
    for (const answer::Module& one : answer_.modules) {
      add("<tr data-searched><td>", escaped(one.name));
      if (!one.note.empty()) add("<br><span class=\"caution\">", escaped(one.note), "</span>");
      if (!one.from.empty() && one.from != one.name) {
        add("<br><span class=\"dim\">from ", escaped(one.from), "</span>");
      }
      add("</td><td>", escaped(one.symbols), "</td><td class=\"code\">",
          fmt::format("{}", one.base), "</td><td class=\"code\">", escaped(one.id), "</td></tr>\n");
    }
    add("</tbody></table></div>\n");
  }

  const answer::Answer& answer_;
  std::string heap_;  // a section
  std::string out_;
};

}  // namespace

std::string why_html(const answer::Answer& answer) { return HtmlPage(answer).make(); }

std::string why_html(const answer::Answer& answer, const WhyHeap& heap) {
  return HtmlPage(answer, why_heap_section(heap)).make();
}

}  // namespace inquest::report
