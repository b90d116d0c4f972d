#include "app/cut_report.h"

#include <algorithm>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace inquest::app {
namespace {

using CutJson = nlohmann::ordered_json;

std::string size_words(uint64_t bytes) {
  constexpr double kStep = 1024;
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / kStep;
  for (const char* unit : {"KiB", "MiB"}) {
    if (value < kStep) return fmt::format("{:.{}f} {}", value, value < 10 ? 1 : 0, unit);
    value /= kStep;
  }
  return fmt::format("{:.1f} GiB", value);
}

std::string_view words_of(cut::Part part) {
  switch (part) {
    case cut::Part::crashed_stack:
      return "stack of the thread that died";
    case cut::Part::analysis:
      return "read by the analysis";
    case cut::Part::images:
      return "headers of images, code around frames";
    case cut::Part::stacks:
      return "stacks of the other threads";
    case cut::Part::thread_blocks:
      return "the threads' own blocks";
    case cut::Part::pointed_to:
      return "what registers and stacks point to";
  }
  return {};
}

std::string row(uint64_t kept, std::string_view what, uint64_t left_out) {
  if (kept == 0 && left_out == 0) return {};
  std::string line = fmt::format("  {:>9}  {}", size_words(kept), what);
  if (left_out > 0) line += fmt::format(" ({} left out)", size_words(left_out));
  return line + "\n";
}

}  // namespace

std::string cut_text(const CutReport& report) {
  std::string text = fmt::format(
      "{} ({}) {} {}, of which\n", report.from, size_words(report.from_bytes),
      report.written ? "was cut to " + report.output : "would be cut to",
      report.written ? fmt::format("({})", size_words(report.bytes)) : size_words(report.bytes));
  text += row(report.fixed_bytes,
              fmt::format("registers of {} threads, {} modules, the map of memory", report.threads,
                          report.modules),
              0);
  for (size_t i = 0; i < cut::kParts; ++i) {
    const auto& tally = report.parts[i];
    text += row(tally.kept, words_of(static_cast<cut::Part>(i)), tally.left_out);
  }
  if (report.same_answer == true) {
    text += fmt::format("checked: the same stacks and the same cause ({})\n", report.cause);
  }
  return text;
}

std::string cut_json(const CutReport& report) {
  CutJson parts = CutJson::object();
  for (size_t i = 0; i < cut::kParts; ++i) {
    const auto& tally = report.parts[i];
    parts[std::string(name(static_cast<cut::Part>(i)))] = {{"kept", tally.kept},
                                                           {"left_out", tally.left_out}};
  }
  CutJson json{
      {"schema", "inquest.cut/1"},
      {"from",
       {{"path", report.from}, {"format", report.from_format}, {"bytes", report.from_bytes}}}};
  if (!report.output.empty()) json["output"] = report.output;
  json["written"] = report.written;
  json["bytes"] = report.bytes;
  json["fixed_bytes"] = report.fixed_bytes;
  json["threads"] = report.threads;
  json["modules"] = report.modules;
  json["memory_ranges"] = report.ranges;
  json["parts"] = std::move(parts);
  json["cause"] = report.cause;
  if (report.same_answer) json["same_answer"] = *report.same_answer;
  CutJson& warnings = json["warnings"] = CutJson::array();
  for (const Warning& warning : report.warnings) {
    warnings.push_back({{"what", warning.what}, {"advice", warning.advice}});
  }
  return json.dump(2, ' ', false, CutJson::error_handler_t::replace);
}

}  // namespace inquest::app
