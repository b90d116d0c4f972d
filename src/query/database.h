/// A dead process as a database: SQL over everything that is known of it.
///
/// Read-only: queries can neither attach, nor write files, nor load extensions; only
/// `write_database` writes. What SQLite takes of memory is bounded (query_limits.h), large sorts
/// go to temporary files. Needs SQLite 3.38. One thread, but for `interrupt`.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cause/process.h"
#include "query/sources.h"
#include "query/table.h"

struct sqlite3;
struct sqlite3_stmt;

namespace inquest::query {

/// What an Error says of a statement that was interrupted.
inline constexpr const char* kInterrupted = "interrupted";

/// A named query that comes with the tables.
struct View {
  const char* name;
  const char* about;
  const char* select;
};
const std::vector<View>& views();

/// A column of an answer.
struct ResultColumn {
  std::string name;
  std::string type;  ///< as declared: "ADDRESS", ...; empty for what was computed
  bool is_address() const { return type == "ADDRESS"; }
  bool is_boolean() const { return type == "BOOLEAN"; }
};

/// One statement while it runs. Borrows the Database.
class Statement {
 public:
  ~Statement();
  Statement(Statement&& other) noexcept;

  const std::vector<ResultColumn>& columns() const { return columns_; }
  /// To the next row; false after the last.
  Result<bool> next();
  /// Of the row it stands on; text is borrowed until the next row. monostate: NULL.
  using Cell = std::variant<std::monostate, int64_t, double, std::string_view, Bytes>;
  Cell cell(size_t column) const;

 private:
  friend class Database;
  Statement(sqlite3* db, sqlite3_stmt* statement);

  sqlite3* db_;
  sqlite3_stmt* statement_;
  std::vector<ResultColumn> columns_;
};

class Database;
/// SQLite's connection, for the other files of this room. Borrowed.
sqlite3* handle_of(Database& database);

class Database {
 public:
  /// Borrows the process.
  static Result<std::unique_ptr<Database>> open(const cause::Process& process,
                                                SourceOptions options);
  ~Database();
  Database(const Database&) = delete;

  const std::vector<std::unique_ptr<Table>>& tables() const;
  Sources& sources();

  /// The first statement of `sql`, which is cut off its front; absent when only blanks and comments
  /// are left. What is wrong in the query is an error, with the place.
  Result<std::optional<Statement>> prepare(std::string_view& sql);

  /// Ends the statement that runs; from any thread or signal handler.
  void interrupt();
  /// Before the next statement.
  void go_on();

 private:
  friend sqlite3* handle_of(Database& database);

  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Whether a statement ends in `;` that stands in no string or comment.
bool is_complete(const std::string& sql);

/// Copies tables (all when none is named) and the views into a new SQLite file, which appears
/// when it is whole; a file that is there is replaced.
Result<> write_database(Database& database, const std::string& path,
                        const std::vector<std::string>& tables);

/// "CREATE TABLE blocks (address ADDRESS, ...)" of a table or view, with what each column is;
/// absent when there is none of that name.
std::optional<std::string> schema_of(const Database& database, std::string_view name);
/// The part of docs/sql.md that lists tables, columns, views and functions.
std::string schema_markdown(const std::vector<std::unique_ptr<Table>>& tables);

}  // namespace inquest::query
