/// `objects --strings`: the texts of a heap by pattern.
#include <algorithm>
#include <fmt/core.h>

#include "report/csv.h"
#include "report/json.h"
#include "report/page.h"
#include "report/texts_report.h"

namespace inquest::report {
namespace {

std::string holders_of(const answer::TextPattern& pattern) {
  std::string text;
  for (const answer::TextHolder& holder : pattern.holders) {
    if (!text.empty()) text += ", ";
    text += fmt::format("{} ({} of {})", clean(holder.name), holder.count, pattern.looked_at);
  }
  return text;
}

class TextsText : Page {
 public:
  TextsText(const answer::Texts& texts, const TextStyle& style) : Page(style), texts_(texts) {}

  std::string all() {
    std::string text = subject(texts_.dump);
    text += texts_.heap_bytes == 0 ? ": no heap was found"
                                   : fmt::format(" holds {} texts of {} in {} of used blocks",
                                                 count_text(texts_.count), size_text(texts_.bytes),
                                                 size_text(texts_.heap_bytes));
    out_ += paint_.bold(wrapped(text, "", style_.width));
    if (!texts_.patterns.empty()) patterns();
    warnings(texts_.warnings);
    return std::move(out_);
  }

 private:
  void patterns() {
    constexpr size_t kRows = 40;
    const auto& all = texts_.patterns;
    const size_t shown = style_.all_rows ? all.size() : std::min(all.size(), kRows);
    heading("Texts by pattern");
    out_ += paint_.dim(fmt::format("  {:>10} {:>11}  {}\n", "bytes", "count", "pattern"));
    uint64_t left_count = texts_.rest_count, left_bytes = texts_.rest_bytes;
    for (size_t i = 0; i < all.size(); ++i) {
      if (i < shown) {
        line(all[i]);
      } else {
        left_count += all[i].count;
        left_bytes += all[i].bytes;
      }
    }
    if (left_count == 0) return;
    out_ += fmt::format("  {:>10} {:>11}  {}\n", size_text(left_bytes), count_text(left_count),
                        paint_.dim(fmt::format(
                            "(the rest{})", shown < all.size() ? ": --all shows more of it" : "")));
    if (!texts_.is_cut) return;
    prose("",
          "There are more patterns than are kept: the rarest were counted with the rest, and "
          "the counts above may be too low by some of that.");
  }

  void line(const answer::TextPattern& one) {
    constexpr size_t kText = 90;
    const std::string indent(26, ' ');
    out_ += fmt::format("  {:>10} {:>11}  {}\n", size_text(one.bytes), count_text(one.count),
                        paint_.function(middle_cut(clean(one.pattern), kText)));
    for (const answer::TextExample& example : one.examples) {
      if (example.text == one.pattern) continue;
      out_ += indent + paint_.dim(fmt::format("{} \"{}\"\n", example.at,
                                              middle_cut(clean(example.text), kText - 20)));
    }
    if (!one.holders.empty()) out_ += indent + "held by " + holders_of(one) + "\n";
  }

  const answer::Texts& texts_;
};

Json json_of(const answer::TextPattern& one) {
  Json json{{"pattern", one.pattern},   {"count", one.count},        {"bytes", one.bytes},
            {"encoding", one.encoding}, {"examples", Json::array()}, {"looked_at", one.looked_at},
            {"holders", Json::array()}};
  for (const answer::TextExample& example : one.examples)
    json["examples"].push_back(
        {{"address", fmt::format("{}", example.at)}, {"text", example.text}});
  for (const answer::TextHolder& holder : one.holders)
    json["holders"].push_back({{"name", holder.name}, {"count", holder.count}});
  return json;
}

}  // namespace

std::string texts_text(const answer::Texts& texts, const TextStyle& style) {
  return TextsText(texts, style).all();
}

std::string texts_json(const answer::Texts& texts) {
  Document document("inquest.strings/1");
  document.member("dump", json_of(texts.dump));
  document.member("allocators", texts.allocators);
  document.member(
      "totals",
      Json{{"count", texts.count}, {"bytes", texts.bytes}, {"heap_bytes", texts.heap_bytes}});
  document.list("patterns", texts.patterns, [](const auto& one) { return json_of(one); });
  document.member(
      "rest",
      Json{{"count", texts.rest_count}, {"bytes", texts.rest_bytes}, {"cut", texts.is_cut}});
  document.list("warnings", texts.warnings);
  return std::move(document).finish();
}

std::string texts_csv(const answer::Texts& texts) {
  std::string out = "pattern,count,bytes,encoding,address,example,held_by\n";
  for (const answer::TextPattern& one : texts.patterns) {
    const bool has = !one.examples.empty();
    out += csv_line({one.pattern, std::to_string(one.count), std::to_string(one.bytes),
                     one.encoding, has ? fmt::format("{}", one.examples.front().at) : "",
                     has ? one.examples.front().text : "",
                     one.holders.empty() ? "" : one.holders.front().name});
  }
  if (texts.rest_count != 0) {
    out += csv_line(
        {"", std::to_string(texts.rest_count), std::to_string(texts.rest_bytes), "", "", "", ""});
  }
  return out;
}

}  // namespace inquest::report
