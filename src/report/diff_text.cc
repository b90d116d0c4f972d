// `diff` for people: what grew, and whose it is.
#include <algorithm>

#include "report/csv.h"
#include "report/diff_report.h"
#include "report/page.h"

namespace inquest::report {
namespace {

using answer::Growth;

class DiffText : Page {
 public:
  DiffText(const answer::Diff& diff, const TextStyle& style) : Page(style), diff_(diff) {}

  std::string all() {
    const Growth& total = diff_.total;
    std::string text = fmt::format("{}: {} in {} used blocks", subject(diff_.after),
                                   size_text(total.bytes_after), total.blocks_after);
    text += total.bytes() == 0 ? ", as much as before"
                               : fmt::format(", {} than before", change(total.bytes()));
    out_ += paint_.bold(wrapped(text, "", style_.width));
    if (diff_.lost.bytes() != 0)
      prose("  ", fmt::format("Of these {} are lost, {} than before.",
                              size_text(diff_.lost.bytes_after), change(diff_.lost.bytes())));
    if (diff_.owners.empty() && diff_.sizes.empty())
      prose("  ", fmt::format("Nothing changed by {} or more.", size_text(diff_.noise)));
    rows("What each owner alone keeps", diff_.owners);
    rows("By size", diff_.sizes);
    rows("By arena", diff_.arenas);
    warnings(diff_.warnings);
    return std::move(out_);
  }

 private:
  static std::string change(int64_t bytes) {
    return size_text(static_cast<uint64_t>(std::abs(bytes))) + (bytes < 0 ? " less" : " more");
  }
  static std::string sign(int64_t value, std::string text) {
    return (value < 0 ? "-" : "+") + text;
  }

  void rows(std::string_view title, const std::vector<Growth>& changes) {
    if (changes.empty()) return;
    heading(title);
    out_ += paint_.dim(fmt::format("  {:>11} {:>11} {:>11} {:>11}  {}\n", "more bytes",
                                   "more blocks", "bytes now", "blocks now", "what"));
    constexpr size_t kRows = 12;
    size_t shown = style_.all_rows ? changes.size() : std::min(changes.size(), kRows);
    for (size_t i = 0; i < shown; ++i) {
      const Growth& row = changes[i];
      uint64_t bytes = static_cast<uint64_t>(std::abs(row.bytes()));
      uint64_t blocks = static_cast<uint64_t>(std::abs(row.blocks()));
      out_ +=
          fmt::format("  {:>11} {:>11} {:>11} {:>11}  {}\n", sign(row.bytes(), size_text(bytes)),
                      sign(row.blocks(), std::to_string(blocks)), size_text(row.bytes_after),
                      row.blocks_after, clean(row.what));
    }
    if (shown < changes.size())
      out_ += fmt::format("  ... {} more: --all shows them\n", changes.size() - shown);
  }

  const answer::Diff& diff_;
};

}  // namespace

std::string diff_text(const answer::Diff& diff, const TextStyle& style) {
  return DiffText(diff, style).all();
}

std::string diff_csv(const answer::Diff& diff) {
  std::string out = "by,what,blocks_before,blocks_after,bytes_before,bytes_after\n";
  auto list = [&](const char* by, const std::vector<Growth>& changes) {
    for (const Growth& row : changes)
      out += csv_line({by, row.what, std::to_string(row.blocks_before),
                       std::to_string(row.blocks_after), std::to_string(row.bytes_before),
                       std::to_string(row.bytes_after)});
  };
  list("owner", diff.owners);
  list("size", diff.sizes);
  list("arena", diff.arenas);
  return out;
}

}  // namespace inquest::report
