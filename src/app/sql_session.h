/// Queries one after the other, from the command line, a pipe or the prompt.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "app/options.h"
#include "query/database.h"

namespace inquest::app {

class SqlSession {
 public:
  /// Borrows the database.
  SqlSession(query::Database& database, ListOutput format);
  ~SqlSession();

  /// One or more statements, or a command (`.tables`). False when something was wrong, which is
  /// said on stderr; what stands behind it is not run.
  bool run(std::string_view sql);
  bool wants_to_quit() const { return quits_; }
  /// Wrong usage when a query was wrong, done otherwise.
  ExitStatus status() const { return status_; }

 private:
  bool command(std::string_view line);
  bool run_statement(query::Statement statement);
  bool refuse(const Error& error);

  query::Database& database_;
  ListOutput format_;
  bool quits_ = false;
  ExitStatus status_ = kDone;
};

/// Reads queries from stdin: with an editable line, completion and history on a terminal.
ExitStatus run_sql_input(query::Database& database, SqlSession& session);

}  // namespace inquest::app
