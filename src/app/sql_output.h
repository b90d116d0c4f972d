/// Answers of SQL, row by row, in the format that was asked for. Memory is bounded: only the first
/// rows of a table for people are kept, to find how wide its columns are.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/options.h"
#include "query/database.h"

namespace inquest::app {

class SqlOutput {
 public:
  virtual ~SqlOutput() = default;
  virtual void begin(const std::vector<query::ResultColumn>& columns) = 0;
  virtual void row(const query::Statement& statement) = 0;
  /// `warnings`: what was found missing while the query ran.
  virtual void end(const std::vector<Warning>& warnings) = 0;
};

/// To stdout. `cut`: cells for a terminal, no longer than a few lines of it.
std::unique_ptr<SqlOutput> make_sql_output(ListOutput format, bool cut);

}  // namespace inquest::app
