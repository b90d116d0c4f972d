/// `leaks` for people at a terminal: how much is lost, then what, largest first.
#include <algorithm>

#include "report/page.h"
#include "report/prose.h"
#include "report/report.h"
#include "report/suspect_sentence.h"

namespace inquest::report {
namespace {

class LeaksText : Page {
 public:
  LeaksText(const answer::Leaks& leaks, const TextStyle& style) : Page(style), leaks_(leaks) {}

  std::string all() {
    header();
    totals();
    shapes();
    suspects();
    roots();
    warnings(leaks_.warnings);
    if (!leaks_.suspects && leaks_.reachable.blocks > 0)
      out_ += "\n" + paint_.dim("--suspects looks for what keeps the rest") + "\n";
    return std::move(out_);
  }

 private:
  void header() {
    const answer::Dump& dump = leaks_.dump;
    std::string text = subject(dump);
    const answer::BlockSum lost{leaks_.definite.blocks + leaks_.indirect.blocks,
                                leaks_.definite.bytes + leaks_.indirect.bytes};
    if (lost.blocks == 0 && leaks_.reachable.blocks == 0) {
      text += ": no heap was found";
    } else if (lost.blocks == 0) {
      text += " lost nothing";
    } else {
      text += fmt::format(" lost {} in {} block{}", size_text(lost.bytes), count_text(lost.blocks),
                          lost.blocks == 1 ? "" : "s");
    }
    out_ += paint_.bold(wrapped(text, "", style_.width));
    in_place_note(leaks_.read_in_place_ms);
  }

  void total(std::string_view what, const answer::BlockSum& sum, std::string_view means) {
    out_ += fmt::format("  {:<16} {:>12} blocks {:>9}   {}\n", what, count_text(sum.blocks),
                        size_text(sum.bytes), paint_.dim(means));
  }
  void totals() {
    if (leaks_.reachable.blocks + leaks_.definite.blocks + leaks_.possible.blocks == 0) return;
    out_ += "\n";
    total("definitely lost", leaks_.definite, "nothing points to them");
    total("indirectly lost", leaks_.indirect, "only lost blocks point to them");
    total("possibly lost", leaks_.possible,
          "something points into their middle, with what they hold");
    total("still reachable", leaks_.reachable, "");
  }

  void shapes() {
    if (leaks_.shapes.empty()) return;
    constexpr size_t kRows = 24;
    heading("Lost, largest first");
    out_ += paint_.dim(fmt::format("  {:>9} {:>9} {:>9} {:>9}  {:<18} {}\n", "groups", "blocks",
                                   "bytes", "head", "first head", "what"));
    size_t shown = style_.all_rows ? leaks_.shapes.size() : std::min(leaks_.shapes.size(), kRows);
    for (size_t i = 0; i < shown; ++i) {
      const answer::LeakShape& shape = leaks_.shapes[i];
      out_ +=
          fmt::format("  {:>9} {:>9} {:>9} {:>9}  {:<18} {}\n", count_text(shape.groups),
                      count_text(shape.blocks), size_text(shape.bytes), size_text(shape.head_size),
                      fmt::format("{}", shape.heads.front()), what(shape));
    }
    if (shown < leaks_.shapes.size())
      out_ += fmt::format("  ... {} more: --all shows them\n",
                          count_text(leaks_.shapes.size() - shown));
  }

  std::string what(const answer::LeakShape& shape) const {
    constexpr size_t kText = 40;
    std::string text = shape.possible ? paint_.caution("possibly ") : "";
    if (!shape.type.empty()) {
      text += paint_.function(shortened(clean(shape.type), 2 * kText));
    } else if (!shape.text.empty()) {
      text += "\"" + middle_cut(clean(shape.text), kText) + "\"";
    } else {
      text += paint_.dim(shape.words);
    }
    if (!shape.origin.empty()) text += " from " + middle_cut(clean(shape.origin), kText);
    if (shape.most_blocks == 1) return text;
    if (shape.least_blocks == shape.most_blocks)
      return text + fmt::format(", {} blocks each", count_text(shape.most_blocks));
    return text + fmt::format(", {} to {} blocks each", count_text(shape.least_blocks),
                              count_text(shape.most_blocks));
  }

  void suspects() {
    if (!leaks_.suspects || leaks_.suspects->empty()) return;
    heading("What keeps much, though it is not lost");
    for (const answer::Suspect& suspect : *leaks_.suspects)
      prose("  - ", suspect_sentence(suspect));
  }

  void roots() {
    if (leaks_.reachable.blocks == 0) return;
    heading("Pointers that keep blocks were looked for in");
    for (const answer::LeakRoots& roots : leaks_.roots) {
      if (roots.ranges == 0) continue;
      std::string size = roots.bytes == 0 ? fmt::format("{} thread{}", count_text(roots.ranges),
                                                        roots.ranges == 1 ? "" : "s")
                                          : size_text(roots.bytes);
      out_ += fmt::format("  {:<14} {:>11} {:>12} pointers\n", roots.kind, size,
                          count_text(roots.pointers));
    }
    out_ += paint_.dim(fmt::format("  {} read; the graph took {}\n",
                                   size_text(leaks_.scanned_bytes), size_text(leaks_.own_bytes)));
  }

  const answer::Leaks& leaks_;
};

}  // namespace

std::string leaks_text(const answer::Leaks& leaks, const TextStyle& style) {
  return LeaksText(leaks, style).all();
}

}  // namespace inquest::report
