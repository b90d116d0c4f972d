#include "report/objects_outside.h"

#include <algorithm>
#include <fmt/core.h>

#include "report/page.h"

namespace inquest::report {
namespace {

std::string place_of(const answer::OutsideSum& sum) {
  if (sum.state == "freed") return "freed";
  if (sum.state == "mapping") return "mapping no allocator owns";
  if (sum.state == "data") return "data of a module";
  return "inside a block";
}

class OutsideText : Page {
 public:
  OutsideText(const answer::Objects& objects, const TextStyle& style)
      : Page(style), objects_(objects) {}

  std::string all() {
    constexpr size_t kRows = 20;
    heading("Outside of the used blocks (not counted above)");
    out_ += paint_.dim(fmt::format("  {:>10} {:>11} {:>6} {:>10}  {:<26} {}\n", "bytes", "objects",
                                   "sure", "pointed to", "where", "type"));
    const auto& sums = objects_.outside;
    const size_t shown = style_.all_rows ? sums.size() : std::min(sums.size(), kRows);
    for (size_t i = 0; i < shown; ++i) line(sums[i]);
    if (shown < sums.size())
      out_ += fmt::format("  ... {} more: --all shows them\n", count_text(sums.size() - shown));
    const bool has_dangling =
        std::ranges::any_of(sums, [](const auto& sum) { return sum.pointed_to != 0; });
    if (has_dangling && !objects_.has_instances) {
      prose("",
            "Objects that are freed and still pointed to: `inquest objects DUMP TYPE` says by "
            "whom.");
    }
    return std::move(out_);
  }

 private:
  void line(const answer::OutsideSum& sum) {
    out_ += fmt::format("  {:>10} {:>11} {:>4} % {:>10}  {:<26} {}\n",
                        sum.size == 0 ? "" : size_text(sum.bytes), count_text(sum.objects),
                        sum.percent, sum.state == "freed" ? count_text(sum.pointed_to) : "",
                        place_of(sum), paint_.function(shortened(clean(sum.type), 100)));
  }

  const answer::Objects& objects_;
};

}  // namespace

std::string outside_text(const answer::Objects& objects, const TextStyle& style) {
  return OutsideText(objects, style).all();
}

std::string where_text(const answer::ObjectInstance& one, const Palette& paint) {
  if (one.where.empty()) return {};
  const bool is_dangling = one.where.find("still pointed to") != std::string::npos;
  const std::string text = clean(one.where);
  return "  " + (is_dangling ? paint.alarm(text) : paint.caution(text));
}

}  // namespace inquest::report
