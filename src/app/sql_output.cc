#include "app/sql_output.h"

#include <algorithm>
#include <cstdio>
#include <fmt/core.h>

#include "app/terminal.h"
#include "report/csv.h"
#include "report/json.h"
#include "report/prose.h"

namespace inquest::app {
namespace {

using query::ResultColumn;
using query::Statement;

std::string hex_of(Bytes bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::byte b : bytes) {
    text += kDigits[static_cast<unsigned>(b) >> 4];
    text += kDigits[static_cast<unsigned>(b) & 15];
  }
  return text;
}

/// As a person reads it; NULL is nothing.
std::string text_of(const Statement::Cell& cell, const ResultColumn& column) {
  if (const auto* number = std::get_if<int64_t>(&cell)) {
    if (column.is_address()) return fmt::format("{}", Address{static_cast<uint64_t>(*number)});
    return fmt::format("{}", *number);
  }
  if (const auto* real = std::get_if<double>(&cell)) return fmt::format("{:.6g}", *real);
  if (const auto* text = std::get_if<std::string_view>(&cell)) return std::string(*text);
  if (const auto* bytes = std::get_if<Bytes>(&cell)) return hex_of(*bytes);
  return {};
}

/// What a query makes of text (substr() of a blob, char()) may be no UTF-8 again: `clean` sees to
/// that here, the JSON writer there.
class TextOutput : public SqlOutput {
 public:
  explicit TextOutput(bool cut) : cut_(cut) {}

  void begin(const std::vector<ResultColumn>& columns) override {
    columns_ = columns;
    for (const ResultColumn& column : columns) {
      widths_.push_back(report::columns(column.name));
      is_number_.push_back(true);
    }
  }

  void row(const Statement& statement) override {
    std::vector<std::string> cells;
    for (size_t i = 0; i < columns_.size(); ++i) {
      Statement::Cell cell = statement.cell(i);
      cells.push_back(report::clean(text_of(cell, columns_[i])));
      if (cut_) cells.back() = report::middle_cut(cells.back(), kCutAt);
      if (!flowing_) measure(i, cell, cells.back());
    }
    if (flowing_) return print_out(line(cells));
    kept_.push_back(std::move(cells));
    if (kept_.size() == kKeptRows) flow();
  }

  void end(const std::vector<Warning>& warnings) override {
    if (!flowing_) flow();
    std::fflush(stdout);
    for (const Warning& warning : warnings) {
      fmt::print(stderr, "inquest: {}{}{}\n", warning.what, warning.advice.empty() ? "" : "; ",
                 warning.advice);
    }
  }

 private:
  static constexpr size_t kKeptRows = 1000, kCutAt = 160;

  void measure(size_t i, const Statement::Cell& cell, const std::string& text) {
    widths_[i] = std::max(widths_[i], report::columns(text));
    bool is_number = std::holds_alternative<int64_t>(cell) || std::holds_alternative<double>(cell);
    if (!is_number && !std::holds_alternative<std::monostate>(cell)) is_number_[i] = false;
  }

  /// Prints what was kept; from here on rows go out as they come.
  void flow() {
    flowing_ = true;
    std::vector<std::string> heads;
    for (const ResultColumn& column : columns_) heads.push_back(report::clean(column.name));
    if (!heads.empty()) print_out(line(heads));
    for (const auto& cells : kept_) print_out(line(cells));
    kept_.clear();
  }

  std::string line(const std::vector<std::string>& cells) const {
    std::string text;
    for (size_t i = 0; i < cells.size(); ++i) {
      size_t used = report::columns(cells[i]);
      std::string padding(widths_[i] > used ? widths_[i] - used : 0, ' ');
      if (i > 0) text += "  ";
      text += is_number_[i] ? padding + cells[i] : cells[i] + padding;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text + "\n";
  }

  bool cut_;
  bool flowing_ = false;
  std::vector<ResultColumn> columns_;
  std::vector<size_t> widths_;
  std::vector<bool> is_number_;
  std::vector<std::vector<std::string>> kept_;
};

class CsvOutput : public SqlOutput {
 public:
  void begin(const std::vector<ResultColumn>& columns) override {
    columns_ = columns;
    std::vector<std::string> heads;
    for (const ResultColumn& column : columns) heads.push_back(column.name);
    print_out(report::csv_line(heads));
  }
  void row(const Statement& statement) override {
    std::vector<std::string> cells;
    for (size_t i = 0; i < columns_.size(); ++i) {
      cells.push_back(text_of(statement.cell(i), columns_[i]));
    }
    print_out(report::csv_line(cells));
  }
  void end(const std::vector<Warning>& warnings) override {
    std::fflush(stdout);
    for (const Warning& warning : warnings) fmt::print(stderr, "inquest: {}\n", warning.what);
  }

 private:
  std::vector<ResultColumn> columns_;
};

class JsonOutput : public SqlOutput {
 public:
  void begin(const std::vector<ResultColumn>& columns) override {
    columns_ = columns;
    std::string list;
    for (const ResultColumn& column : columns) {
      report::Json one = {{"name", column.name}};
      if (!column.type.empty()) one["type"] = column.type;
      list += (list.empty() ? "" : ", ") + report::line_of(one);
    }
    print_out("{ \"schema\": \"inquest.sql/1\",\n  \"columns\": [" + list + "],\n  \"rows\": [");
  }
  void row(const Statement& statement) override {
    report::Json cells = report::Json::array();
    for (size_t i = 0; i < columns_.size(); ++i) {
      cells.push_back(value_of(statement.cell(i), columns_[i]));
    }
    print_out((is_first_ ? "\n    " : ",\n    ") + report::line_of(cells));
    is_first_ = false;
  }
  void end(const std::vector<Warning>& warnings) override {
    std::string list;
    for (const Warning& warning : warnings) {
      list += (list.empty() ? "" : ", ") + report::line_of(report::json_of(warning));
    }
    print_out("],\n  \"warnings\": [" + list + "] }\n");
    std::fflush(stdout);
  }

 private:
  static report::Json value_of(const Statement::Cell& cell, const ResultColumn& column) {
    if (std::holds_alternative<std::monostate>(cell)) return nullptr;
    if (const auto* number = std::get_if<int64_t>(&cell)) {
      if (column.is_boolean()) return *number != 0;
      if (!column.is_address()) return *number;
    }
    if (const auto* real = std::get_if<double>(&cell)) return *real;
    return text_of(cell, column);
  }

  std::vector<ResultColumn> columns_;
  bool is_first_ = true;
};

}  // namespace

std::unique_ptr<SqlOutput> make_sql_output(ListOutput format, bool cut) {
  if (format == ListOutput::json) return std::make_unique<JsonOutput>();
  if (format == ListOutput::csv) return std::make_unique<CsvOutput>();
  return std::make_unique<TextOutput>(cut);
}

}  // namespace inquest::app
