/// A table of text for a terminal. Values.
#pragma once

#include <string>
#include <vector>

#include "report/prose.h"

namespace inquest::report {

/// Columns as wide as their widest cell; the last one is not padded. Columns of numbers stand
/// right.
class Table {
 public:
  explicit Table(std::vector<std::string> heads);
  /// Cells may be fewer than the heads. Strings of a dead process are made harmless.
  void add(std::vector<std::string> cells);
  /// These columns (from 0) are aligned to the right.
  void right(std::initializer_list<size_t> columns);
  std::string text(const Palette& paint) const;

 private:
  bool is_used(size_t column) const;

  std::vector<std::vector<std::string>> rows_;
  std::vector<size_t> widths_;
  std::vector<bool> right_;
};

}  // namespace inquest::report
