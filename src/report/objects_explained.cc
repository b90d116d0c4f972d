#include "report/objects_explained.h"

#include <algorithm>
#include <fmt/core.h>

#include "report/page.h"
#include "report/prose.h"

namespace inquest::report {
namespace {

std::string percent(uint64_t part, uint64_t whole) {
  const double all = static_cast<double>(std::max<uint64_t>(whole, 1));
  return fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / all);
}

class ExplainedText : Page {
 public:
  ExplainedText(const answer::Explained& explained, const TextStyle& style)
      : Page(style), all_(explained) {}

  std::string all() {
    heading("What the bytes are accounted for by");
    prose("", sentence());
    rows(all_.holders, "held by");
    rows(all_.together, "held together by");
    rows(all_.nameless, "held by");
    return std::move(out_);
  }

 private:
  std::string sentence() const {
    auto of = [&](uint64_t bytes) { return percent(bytes, all_.bytes); };
    std::string text = fmt::format("typed {}, text {}", of(all_.typed), of(all_.text));
    if (!all_.has_holders) {
      return text + fmt::format(
                        ", unknown {}: who holds them was not looked at, for the heap is "
                        "large; `inquest leaks --suspects` tells the most of it.",
                        of(all_.bytes - all_.explained()));
    }
    text += fmt::format(", held by one who has a name {}", of(all_.held));
    if (!all_.holders.empty()) {
      text += fmt::format(" (most, {}: {})", of(all_.holders.front().bytes),
                          shortened(all_.holders.front().name, 80));
    }
    return text + fmt::format(", by several together {}, unknown {}.", of(all_.shared),
                              of(all_.bytes - all_.explained()));
  }

  void rows(const std::vector<answer::Holder>& holders, std::string_view what) {
    constexpr size_t kRows = 5;
    const size_t shown = style_.all_rows ? holders.size() : std::min(holders.size(), kRows);
    for (size_t i = 0; i < shown; ++i) {
      const answer::Holder& one = holders[i];
      out_ += fmt::format("  {:>10} {:>7} {:>11}  {} {}\n", size_text(one.bytes),
                          percent(one.bytes, all_.bytes), count_text(one.blocks), what,
                          paint_.function(shortened(clean(one.name), 120)));
    }
  }

  const answer::Explained& all_;
};

Json json_of(const std::vector<answer::Holder>& holders) {
  Json list = Json::array();
  for (const answer::Holder& one : holders)
    list.push_back({{"name", one.name}, {"blocks", one.blocks}, {"bytes", one.bytes}});
  return list;
}

}  // namespace

std::string explained_text(const answer::Explained& explained, const TextStyle& style) {
  return explained.bytes == 0 ? std::string() : ExplainedText(explained, style).all();
}

Json explained_json(const answer::Explained& explained) {
  Json json{{"bytes", explained.bytes}, {"typed", explained.typed}, {"text", explained.text}};
  json["unknown"] = explained.bytes - explained.explained();
  if (!explained.has_holders) return json;
  json["held"] = explained.held;
  json["shared"] = explained.shared;
  json["unnamed"] = explained.unnamed;
  json["lost"] = explained.lost;
  json["holders"] = json_of(explained.holders);
  json["together"] = json_of(explained.together);
  json["nameless"] = json_of(explained.nameless);
  return json;
}

}  // namespace inquest::report
