/// Tables whose rows are the elements of an array: described, not programmed.
///
/// A column is its name and a function from the row's number to the cell. Rows that ascend by a
/// column are found by binary search; where they are ranges of addresses, a hidden column `holds`
/// finds the one that an address lies in.
#pragma once

#include "query/table.h"

namespace inquest::query {

struct ArrayColumn {
  Column column;
  void (*get)(Sources& sources, size_t row, Cell& out);
};

struct ArrayShape {
  const char* name;
  const char* about;
  double guessed_rows;
  std::vector<ArrayColumn> columns;
  /// Computes what there is to compute; called before any other.
  size_t (*count)(Sources& sources);
  /// By what the rows ascend as unsigned numbers: the value of the first column. May be null.
  uint64_t (*key)(Sources& sources, size_t row) = nullptr;
  /// Bytes from the key on that the row covers, without overlap. Null: it is no range.
  uint64_t (*size)(Sources& sources, size_t row) = nullptr;
};

std::unique_ptr<Table> make_array_table(ArrayShape shape);

}  // namespace inquest::query
