// `diff` for people: what grew, and whose it is.
#include <algorithm>

#include "report/diff_report.h"
#include "report/gathering_sentence.h"
#include "report/page.h"
#include "report/table.h"

namespace inquest::report {
namespace {

using answer::Growth;

std::string hours_text(double hours) {
  if (hours < 2.0 / 60) return fmt::format("{:.0f} seconds", hours * 3600);
  if (hours < 2) return fmt::format("{:.0f} minutes", hours * 60);
  return hours < 48 ? fmt::format("{:.0f} hours", hours) : fmt::format("{:.0f} days", hours / 24);
}

/// "412 MiB more", "as much".
std::string compared(int64_t bytes) {
  if (bytes == 0) return "as much";
  return size_text(static_cast<uint64_t>(std::abs(bytes))) + (bytes < 0 ? " less" : " more");
}

class DiffText : Page {
 public:
  DiffText(const answer::Diff& diff, const TextStyle& style)
      : Page(style), diff_(diff), steps_(diff.dumps.size() - 1) {}

  std::string all() {
    header();
    pace();
    rows("What each owner alone keeps", diff_.owners);
    gatherings();
    rows("By type", diff_.types);
    rows("By size", diff_.sizes);
    rows("By arena", diff_.arenas);
    ages();
    warnings(diff_.warnings);
    return std::move(out_);
  }

 private:
  bool is_series() const { return steps_ > 1; }
  std::string since() const {
    return is_series() ? fmt::format("than in the first of {} dumps", diff_.dumps.size())
                       : "than before";
  }

  void header() {
    const Growth& total = diff_.total;
    const bool same = total.bytes() == 0;
    std::string text =
        fmt::format("{}: {} in {} used blocks, {} {}", subject(diff_.dumps.back()),
                    size_text(total.at.back().bytes), count_text(total.at.back().blocks),
                    compared(total.bytes()), same ? "as" + since().substr(4) : since());
    out_ += paint_.bold(wrapped(text, "", style_.width));
    if (diff_.lost.bytes() != 0) {
      const bool is_all = diff_.lost.at.back().bytes == 0;
      prose("  ", is_all ? fmt::format("Of these none are lost, {} {}.",
                                       compared(diff_.lost.bytes()), since())
                         : fmt::format("Of these {} are lost, {} {}.",
                                       size_text(diff_.lost.at.back().bytes),
                                       compared(diff_.lost.bytes()), since()));
    }
    if (diff_.owners.empty() && diff_.types.empty() && diff_.sizes.empty()) {
      prose("  ", fmt::format("Nothing changed by {} or more.", size_text(diff_.noise)));
    } else if (is_series()) {
      trend();
    }
  }

  void trend() {
    std::string grown;
    for (const Growth& owner : diff_.owners) {
      if (owner.confirmed && grown.empty())
        grown = fmt::format("{} grew in every step, {} in all.", owner.what,
                            change_text(owner.bytes()));
    }
    if (grown.empty()) grown = "No owner grew in every step.";
    prose("  ", grown);
  }

  void pace() {
    if (!diff_.pace || diff_.total.bytes() <= 0 ||
        static_cast<uint64_t>(diff_.total.bytes()) < diff_.noise)
      return;
    const answer::Pace& pace = *diff_.pace;
    constexpr double kMost = 1e18;
    std::string text = fmt::format(
        "{} an hour, over {}{}.",
        change_text(static_cast<int64_t>(std::min(pace.bytes_per_hour, kMost))),
        hours_text(pace.hours), pace.by_file_times ? " between the times of the files" : "");
    if (pace.end) {
      text += fmt::format(" An estimate: at this pace {}, {} of {} now, is used up in {}.",
                          pace.end->what, size_text(pace.end->used), size_text(pace.end->most),
                          hours_text(pace.end->hours));
    }
    prose("  ", text);
  }

  std::string trend_of(const Growth& row) const {
    std::string text = row.is_new() ? "new" : row.is_gone() ? "gone" : "";
    if (row.confirmed) text += text.empty() ? "every step" : ", every step";
    return text;
  }

  void rows(std::string_view title, const std::vector<Growth>& changes) {
    if (changes.empty()) return;
    heading(title);
    constexpr size_t kRows = 12, kSteps = 4, kWhat = 100;
    const size_t first_step = is_series() ? steps_ - std::min(steps_, kSteps) : steps_;
    std::vector<std::string> heads = {"more bytes"};
    for (size_t i = first_step; i < steps_; ++i) heads.push_back(fmt::format("step {}", i + 1));
    for (const char* head : {"more blocks", "bytes now", "blocks now", "trend", "what"})
      heads.emplace_back(head);
    Table table(heads);
    const size_t shown = style_.all_rows ? changes.size() : std::min(changes.size(), kRows);
    for (size_t i = 0; i < shown; ++i) {
      const Growth& row = changes[i];
      std::vector<std::string> cells = {change_text(row.bytes())};
      for (size_t step = first_step; step < steps_; ++step)
        cells.push_back(
            change_text(static_cast<int64_t>(row.at[step + 1].bytes - row.at[step].bytes)));
      cells.push_back(more_text(row.blocks()));
      cells.push_back(size_text(row.at.back().bytes));
      cells.push_back(count_text(row.at.back().blocks));
      cells.push_back(trend_of(row));
      cells.push_back(style_.all_rows ? row.what : shortened(row.what, kWhat));
      table.add(std::move(cells));
    }
    table.right({0, 1, 2, 3});
    if (steps_ > first_step) table.right({4, 5});
    for (size_t i = 6; i + 2 < heads.size(); ++i) table.right({i});
    out_ += table.text(paint_);
    if (shown < changes.size())
      out_ += fmt::format("  ... {} more: --all shows them\n", changes.size() - shown);
  }

  void gatherings() {
    constexpr size_t kShown = 5;
    size_t shown = 0;
    for (const Growth& owner : diff_.owners) {
      if (!owner.gathering || (shown == kShown && !style_.all_rows)) continue;
      if (shown++ == 0) heading("Where it gathers");
      prose("  - ", gathering_sentence(owner.what, *owner.gathering));
    }
  }

  void ages() {
    if (!diff_.ages) return;
    const answer::Ages& ages = *diff_.ages;
    heading("Blocks by address");
    std::string text =
        fmt::format("Between the first two dumps {} blocks came ({}) and {} went ({}).",
                    count_text(ages.born.blocks), size_text(ages.born.bytes),
                    count_text(ages.gone.blocks), size_text(ages.gone.bytes));
    if (is_series())
      text += fmt::format(" Of the new ones {} ({}) are still there in the last dump.",
                          count_text(ages.alive.blocks), size_text(ages.alive.bytes));
    prose("  ", text);
    if (ages.survivors.empty()) return;
    Table table({"bytes", "blocks", "of born", "type that grew, and stayed"});
    constexpr size_t kRows = 8, kWhat = 100;
    for (size_t i = 0; i < ages.survivors.size() && (i < kRows || style_.all_rows); ++i) {
      const answer::Survivors& some = ages.survivors[i];
      table.add({size_text(some.alive.bytes), count_text(some.alive.blocks),
                 count_text(some.born.blocks), shortened(some.type, kWhat)});
    }
    table.right({0, 1, 2});
    out_ += table.text(paint_);
  }

  const answer::Diff& diff_;
  size_t steps_;
};

}  // namespace

std::string diff_text(const answer::Diff& diff, const TextStyle& style) {
  return DiffText(diff, style).all();
}

}  // namespace inquest::report
