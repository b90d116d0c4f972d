/// What a table of the database is: named, typed columns and a cursor over rows that lie elsewhere.
///
/// Nothing is copied: a table tells SQLite, row by row, what the arrays of the analysis hold. The
/// conditions of a query that a table can use come to it as Constraints, which only narrow: SQLite
/// checks every row again, so a table may give more rows than asked for, never fewer. Whoever only
/// has an array describes it (array_table.h). One thread. Source of the rules:
/// sqlite.org/vtab.html.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/address.h"

struct sqlite3_context;

namespace inquest::query {

class Sources;

/// What a column holds. SQLite keeps addresses as integers of 64 bits with a sign; a column
/// declared ADDRESS is printed in hex.
enum class Type : uint8_t { address, integer, real, text, boolean };
std::string_view declared(Type type);  ///< "ADDRESS", "INTEGER", "REAL", "TEXT", "BOOLEAN"

/// Which conditions on a column a table can use.
enum class Search : uint8_t {
  none,
  equal,     ///< column = value
  range,     ///< that, and <, <=, >, >=, BETWEEN
  argument,  ///< a hidden column that only takes a value: `blocks.holds = 0x1234`
};

struct Column {
  const char* name;
  Type type;
  const char* about;  ///< a line for the documentation
  Search search = Search::none;
  double rows_per_value = 1;  ///< how many rows one value finds, for the planner
};

/// Where a cursor puts what a cell holds. A cell that is not set is NULL.
class Cell {
 public:
  explicit Cell(sqlite3_context* context) : context_(context) {}
  void integer(uint64_t value);
  void address(Address value) { integer(value.value); }
  void real(double value);
  void boolean(bool value) { integer(value ? 1 : 0); }
  /// Any bytes of a stranger: they come out as UTF-8.
  void text(std::string_view bytes);
  /// The same; nothing when empty.
  void text_if_any(std::string_view bytes) {
    if (!bytes.empty()) text(bytes);
  }
  /// Text of our own that lives as long as the program.
  void word(std::string_view constant);

 private:
  sqlite3_context* context_;
};

/// A value that a query compares with; monostate: NULL.
using Value = std::variant<std::monostate, int64_t, double, std::string>;
enum class Comparison : uint8_t { equal, less, at_most, greater, at_least };

struct Constraint {
  size_t column;
  Comparison comparison;
  Value value;
};

/// Both ends are in it. Signed, as SQLite compares.
struct Interval {
  int64_t least = std::numeric_limits<int64_t>::min();
  int64_t most = std::numeric_limits<int64_t>::max();
  bool empty() const { return least > most; }
};

class Constraints {
 public:
  explicit Constraints(std::vector<Constraint> all) : all_(std::move(all)) {}
  /// What an integer column can hold. Values that are no integers do not narrow.
  Interval interval(size_t column) const;
  /// The one integer that the column must equal.
  std::optional<int64_t> number(size_t column) const;
  /// The text that the column must equal. Borrowed.
  const std::string* text(size_t column) const;
  /// Compared with NULL: no row at all.
  bool impossible() const;

 private:
  std::vector<Constraint> all_;
};

/// Stands before the first row. Cells are read of the row it stands on.
class Cursor {
 public:
  virtual ~Cursor() = default;
  /// To the next row; false when there is none.
  virtual bool next() = 0;
  virtual void cell(size_t column, Cell& out) = 0;
  /// The same for the same row, however it was found.
  virtual int64_t row() const = 0;
};

class Table {
 public:
  Table(const char* name, const char* about, std::vector<Column> columns)
      : name_(name), about_(about), columns_(std::move(columns)) {}
  virtual ~Table() = default;
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  const char* name() const { return name_; }
  const char* about() const { return about_; }
  const std::vector<Column>& columns() const { return columns_; }

  /// Borrows `sources`, which outlives the cursor.
  virtual std::unique_ptr<Cursor> open(Sources& sources, const Constraints& constraints) const = 0;
  /// How many rows there may be, told without computing anything.
  virtual double guessed_rows() const = 0;
  /// The column by which rows ascend, as SQLite compares.
  virtual std::optional<size_t> sorted_by() const { return {}; }

 private:
  const char* name_;
  const char* about_;
  std::vector<Column> columns_;
};

}  // namespace inquest::query
