#include "report/table.h"

#include <algorithm>

namespace inquest::report {

Table::Table(std::vector<std::string> heads) { add(std::move(heads)); }

void Table::add(std::vector<std::string> cells) {
  if (widths_.size() < cells.size()) widths_.resize(cells.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    cells[i] = clean(cells[i]);
    widths_[i] = std::max(widths_[i], columns(cells[i]));
  }
  rows_.push_back(std::move(cells));
}

void Table::right(std::initializer_list<size_t> columns) {
  right_.resize(widths_.size());
  for (size_t column : columns) right_[column] = true;
}

std::string Table::text(const Palette& paint) const {
  std::string out;
  for (const auto& row : rows_) {
    std::string line = " ";
    for (size_t i = 0; i < row.size(); ++i) {
      // A column that no row fills is left out, its head too.
      if (!is_used(i)) continue;
      std::string padding(widths_[i] - columns(row[i]), ' ');
      bool right = i < right_.size() && right_[i];
      line += " " + (right ? padding + row[i] : row[i] + padding) + " ";
    }
    line.resize(line.find_last_not_of(' ') + 1);
    out += (&row == &rows_.front() ? paint.dim(line) : line) + "\n";
  }
  return out;
}

bool Table::is_used(size_t column) const {
  return std::any_of(rows_.begin() + 1, rows_.end(),
                     [&](const auto& row) { return column < row.size() && !row[column].empty(); });
}

}  // namespace inquest::report
