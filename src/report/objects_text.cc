/// `objects` for people at a terminal: what fills the heap, largest first.
#include <algorithm>
#include <fmt/core.h>

#include "report/fields.h"
#include "report/objects_explained.h"
#include "report/objects_outside.h"
#include "report/objects_report.h"
#include "report/page.h"
#include "report/prose.h"

namespace inquest::report {
namespace {

std::string share(uint64_t part, uint64_t whole) {
  if (whole == 0) return "0 %";
  return fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

class ObjectsText : Page {
 public:
  ObjectsText(const answer::Objects& objects, const TextStyle& style)
      : Page(style), objects_(objects) {}

  std::string all() {
    header();
    census();
    out_ += explained_text(objects_.explained, style_);
    if (!objects_.outside.empty()) out_ += outside_text(objects_, style_);
    if (objects_.has_instances) instances();
    conflicts();
    warnings(objects_.warnings);
    return std::move(out_);
  }

 private:
  void header() {
    std::string text = subject(objects_.dump);
    if (objects_.blocks == 0) {
      text += ": no heap was found";
    } else {
      text += fmt::format(
          " holds {} in {} blocks; the type is known of {} of the blocks, {} of "
          "the bytes",
          size_text(objects_.bytes), count_text(objects_.blocks),
          share(objects_.typed_blocks, objects_.blocks),
          share(objects_.typed_bytes, objects_.bytes));
    }
    out_ += paint_.bold(wrapped(text, "", style_.width));
  }

  void census() {
    if (objects_.blocks == 0) return;
    if (objects_.census.empty() && !objects_.outside.empty()) return;
    if (objects_.census.empty()) {
      prose("", "No type matches " + objects_.wanted + ".");
      return;
    }
    constexpr size_t kRows = 40;
    heading(objects_.has_instances ? "Types that match" : "What fills the heap");
    out_ += paint_.dim(fmt::format("  {:>10} {:>7}{} {:>11} {:>11}  {:<28} {}\n", "bytes", "share",
                                   objects_.has_retained ? fmt::format(" {:>10}", "retained") : "",
                                   "blocks", "objects", "known by", "type"));
    const auto& census = objects_.census;
    const size_t shown = style_.all_rows ? census.size() : std::min(census.size(), kRows);
    for (size_t i = 0; i < shown; ++i) {
      const answer::ObjectSum& sum = census[i];
      std::string type = sum.type.empty() ? paint_.dim("(not known)")
                                          : paint_.function(shortened(clean(sum.type), 120));
      out_ += fmt::format("  {:>10} {:>7}{} {:>11} {:>11}  {:<28} {}\n", size_text(sum.bytes),
                          share(sum.bytes, objects_.bytes),
                          sum.retained ? fmt::format(" {:>10}", size_text(*sum.retained)) : "",
                          count_text(sum.blocks), count_text(sum.objects), how(sum), type);
    }
    if (shown < census.size()) {
      out_ += fmt::format("  ... {} more: --all shows them\n", count_text(census.size() - shown));
    }
  }

  /// The way most of its blocks were recognised, and what share of them.
  std::string how(const answer::ObjectSum& sum) const {
    if (sum.type.empty() || sum.how.empty()) return "";
    auto most = std::ranges::max_element(sum.how, {}, [](const auto& how) { return how.second; });
    if (most->second == sum.blocks) return most->first;
    return fmt::format("{} ({})", most->first, share(most->second, sum.blocks));
  }

  void instances() {
    if (objects_.instances.empty()) return;
    heading("Instances");
    out_ += paint_.dim(fmt::format("  {:<18} {:>11} {:>9} {:>6}  {:<14} {}\n", "address", "bytes",
                                   "count", "sure", "known by", "type"));
    const auto& all = objects_.instances;
    const size_t shown = style_.all_rows ? all.size() : std::min(all.size(), kInstancesShown);
    for (size_t i = 0; i < shown; ++i) {
      const answer::ObjectInstance& one = all[i];
      out_ += fmt::format("  {:<18} {:>11} {:>9} {:>4} %  {:<14} {}{}\n", fmt::format("{}", one.at),
                          count_text(one.size), count_text(one.count), one.percent, one.how,
                          shortened(clean(one.type), 100), where_text(one, paint_));
      const std::string fields = fields_line(one.fields, 2 * style_.width);
      if (!fields.empty()) out_ += paint_.dim(wrapped(clean(fields), "    ", style_.width));
    }
    if (shown < all.size()) {
      out_ += fmt::format("  ... {} more: --all, or --format csv, shows them\n",
                          count_text(all.size() - shown));
    }
  }

  void conflicts() {
    if (objects_.conflict_count == 0) return;
    constexpr size_t kRows = 5;
    heading("Places that contradict each other");
    for (size_t i = 0; i < std::min(objects_.conflicts.size(), kRows); ++i) {
      const answer::ObjectConflict& one = objects_.conflicts[i];
      out_ += fmt::format("  {} taken for {}, but also held as {}\n", one.block,
                          shortened(clean(one.taken), 60), shortened(clean(one.other), 60));
    }
    if (objects_.conflict_count > kRows) {
      out_ += fmt::format("  ... {} in all\n", count_text(objects_.conflict_count));
    }
  }

  const answer::Objects& objects_;
};

}  // namespace

std::string objects_text(const answer::Objects& objects, const TextStyle& style) {
  return ObjectsText(objects, style).all();
}

}  // namespace inquest::report
