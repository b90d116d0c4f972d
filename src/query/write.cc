// The tables as a file of SQLite's, for other tools.
#include <algorithm>
#include <cstdio>
#include <sqlite3.h>
#include <unistd.h>

#include "query/database.h"

namespace inquest::query {
namespace {

/// The file while it is written; gone unless it was kept.
class NewFile {
 public:
  explicit NewFile(const std::string& path) : path_(path), part_(path + ".part") {
    ::unlink(part_.c_str());
  }
  ~NewFile() {
    sqlite3_close_v2(db_);
    if (!kept_) ::unlink(part_.c_str());
  }

  Result<sqlite3*> open() {
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    // Nobody reads it before it is whole, so it needs no journal.
    bool good = sqlite3_open_v2(part_.c_str(), &db_, flags, nullptr) == SQLITE_OK &&
                sqlite3_exec(db_, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN",
                             nullptr, nullptr, nullptr) == SQLITE_OK;
    if (!good) return fail(error());
    return db_;
  }
  Result<> keep() {
    if (sqlite3_exec(db_, "COMMIT", nullptr, nullptr, nullptr) != SQLITE_OK) return fail(error());
    sqlite3_close_v2(std::exchange(db_, nullptr));
    if (std::rename(part_.c_str(), path_.c_str()) != 0) {
      return fail(Error{.what = "the file cannot be put in its place", .file = path_});
    }
    kept_ = true;
    return {};
  }
  Error error() const { return {.what = sqlite3_errmsg(db_), .file = path_}; }

 private:
  std::string path_, part_;
  sqlite3* db_ = nullptr;
  bool kept_ = false;
};

std::string quoted_columns(const Table& table, bool with_types) {
  std::string list;
  for (const Column& column : table.columns()) {
    if (column.search == Search::argument) continue;
    list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", column.name);
    if (with_types) list += fmt::format(" {}", declared(column.type));
  }
  return list;
}

size_t stored_columns(const Table& table) {
  return static_cast<size_t>(std::ranges::count_if(
      table.columns(), [](const Column& column) { return column.search != Search::argument; }));
}

struct StatementCloser {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using StatementPointer = std::unique_ptr<sqlite3_stmt, StatementCloser>;

Result<StatementPointer> compile(sqlite3* db, const std::string& sql) {
  sqlite3_stmt* made = nullptr;
  if (sqlite3_prepare_v2(db, sql.c_str(), -1, &made, nullptr) != SQLITE_OK) {
    return fail(sqlite3_errmsg(db));
  }
  return StatementPointer(made);
}

Result<> execute(sqlite3* db, const std::string& sql) {
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return fail(sqlite3_errmsg(db));
}

Result<> copy_rows(sqlite3* from, sqlite3* to, const Table& table) {
  auto read = TRY(
      compile(from, fmt::format("SELECT {} FROM {}", quoted_columns(table, false), table.name())));
  std::string marks = "?";
  for (size_t i = 1; i < stored_columns(table); ++i) marks += ",?";
  auto write = TRY(compile(to, fmt::format("INSERT INTO {} VALUES ({})", table.name(), marks)));
  int status;
  while ((status = sqlite3_step(read.get())) == SQLITE_ROW) {
    for (int i = 0; i < sqlite3_column_count(read.get()); ++i) {
      sqlite3_bind_value(write.get(), i + 1, sqlite3_column_value(read.get(), i));
    }
    if (sqlite3_step(write.get()) != SQLITE_DONE) return fail(sqlite3_errmsg(to));
    sqlite3_reset(write.get());
  }
  if (status != SQLITE_DONE) {
    return fail(status == SQLITE_INTERRUPT ? kInterrupted : sqlite3_errmsg(from));
  }
  return {};
}

/// What the table itself finds rows by, an index finds them by in the file.
Result<> add_indexes(sqlite3* to, const Table& table) {
  for (const Column& column : table.columns()) {
    if (column.search != Search::equal && column.search != Search::range) continue;
    TRY(execute(to,
                fmt::format("CREATE INDEX {0}_{1} ON {0} (\"{1}\")", table.name(), column.name)));
  }
  return {};
}

}  // namespace

Result<> write_database(Database& database, const std::string& path,
                        const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    bool is_known = std::ranges::any_of(database.tables(),
                                        [&](const auto& table) { return table->name() == name; });
    if (!is_known) return fail(fmt::format("there is no table {}", name));
  }
  NewFile file(path);
  sqlite3* to = TRY(file.open());
  for (const auto& table : database.tables()) {
    bool is_wanted = names.empty() || std::ranges::find(names, table->name()) != names.end();
    if (!is_wanted) continue;
    TRY(execute(to,
                fmt::format("CREATE TABLE {} ({})", table->name(), quoted_columns(*table, true))));
    auto copied = copy_rows(handle_of(database), to, *table);
    if (!copied) return fail(fmt::format("{}: {}", table->name(), copied.error().what));
    TRY(add_indexes(to, *table));
  }
  for (const View& view : views()) {
    // A view over tables that are not there would only fail whoever lists the schema.
    if (names.empty())
      TRY(execute(to, fmt::format("CREATE VIEW {} AS {}", view.name, view.select)));
  }
  return file.keep();
}

}  // namespace inquest::query
