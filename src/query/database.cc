#include "query/database.h"

#include <sqlite3.h>
#include <string>

#include "query/functions.h"
#include "query/query_limits.h"
#include "query/tables/tables.h"
#include "query/virtual_table.h"

namespace inquest::query {

struct Database::Impl {
  Impl(const cause::Process& process, SourceOptions options)
      : sources(process, std::move(options)), tables(all_tables()) {}
  ~Impl() { sqlite3_close_v2(db); }

  Sources sources;
  std::vector<std::unique_ptr<Table>> tables;
  sqlite3* db = nullptr;
};

namespace {

Error sqlite_error(sqlite3* db, std::string_view sql = {}) {
  Error error{.what = sqlite3_errmsg(db)};
  int code = sqlite3_errcode(db);
  if (code == SQLITE_INTERRUPT) error.what = kInterrupted;
  if (code == SQLITE_NOMEM) {
    error.what = "the query needs more memory than it is given";
    error.advice = "ask for less at a time: fewer rows, shorter group_concat()";
  }
  int offset = sqlite3_error_offset(db);
  if (offset >= 0 && static_cast<size_t>(offset) < sql.size()) {
    std::string_view rest = sql.substr(static_cast<size_t>(offset));
    error.what += fmt::format(", at: {}", rest.substr(0, std::min(rest.find('\n'), size_t{40})));
  }
  return error;
}

/// What a query may do: read. `first` of a pragma is its name, `second` its argument. SQLite's
/// virtual tables declare themselves by a CREATE TABLE that passes here too: that a query creates
/// nothing is seen to by PRAGMA query_only.
int authorize(void*, int action, const char* first, const char* second, const char*, const char*) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
    case SQLITE_CREATE_TABLE:
      return SQLITE_OK;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
      return std::string_view(first) == "sqlite_master" ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_FUNCTION:
      return std::string_view(second) == "load_extension" ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA: {
      std::string_view name = first;
      bool tells = name == "table_info" || name == "table_xinfo" || name == "table_list" ||
                   name == "function_list" || name == "compile_options";
      return tells ? SQLITE_OK : SQLITE_DENY;
    }
    default:
      return SQLITE_DENY;
  }
}

void limit(sqlite3* db) {
  sqlite3_soft_heap_limit64(static_cast<sqlite3_int64>(kQueryLimits.memory_bytes / 4));
  sqlite3_hard_heap_limit64(static_cast<sqlite3_int64>(kQueryLimits.memory_bytes));
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, static_cast<int>(kQueryLimits.cell_bytes));
  sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, static_cast<int>(kQueryLimits.query_bytes));
  sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
}

int prepare_schema(sqlite3* db, const std::vector<std::unique_ptr<Table>>& tables,
                   Sources& sources) {
  // Large sorts and intermediate tables go to files that have no name any more.
  int status = sqlite3_exec(db, "PRAGMA temp_store = FILE; PRAGMA temp.cache_size = -32768",
                            nullptr, nullptr, nullptr);
  if (status == SQLITE_OK) status = add_functions(db, sources);
  if (status == SQLITE_OK) status = add_virtual_tables(db, tables, sources);
  for (const View& view : views()) {
    if (status != SQLITE_OK) break;
    std::string sql = fmt::format("CREATE VIEW {} AS {}", view.name, view.select);
    status = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
  }
  if (status == SQLITE_OK) {
    status = sqlite3_exec(db, "PRAGMA query_only = ON", nullptr, nullptr, nullptr);
  }
  return status;
}

}  // namespace

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const cause::Process& process,
                                                 SourceOptions options) {
  auto impl = std::make_unique<Impl>(process, std::move(options));
  int status =
      sqlite3_open_v2(":memory:", &impl->db,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX, nullptr);
  if (status == SQLITE_OK) {
    limit(impl->db);
    status = prepare_schema(impl->db, impl->tables, impl->sources);
  }
  if (status != SQLITE_OK) return fail(sqlite_error(impl->db));
  sqlite3_set_authorizer(impl->db, authorize, nullptr);
  return std::unique_ptr<Database>(new Database(std::move(impl)));
}

const std::vector<std::unique_ptr<Table>>& Database::tables() const { return impl_->tables; }
Sources& Database::sources() { return impl_->sources; }
sqlite3* handle_of(Database& database) { return database.impl_->db; }

Result<std::optional<Statement>> Database::prepare(std::string_view& sql) {
  while (!sql.empty()) {
    if (sql.size() > kQueryLimits.query_bytes) return fail("the query is too long");
    sqlite3_stmt* statement = nullptr;
    const char* rest = nullptr;
    int status =
        sqlite3_prepare_v2(impl_->db, sql.data(), static_cast<int>(sql.size()), &statement, &rest);
    if (status != SQLITE_OK) return fail(sqlite_error(impl_->db, sql));
    sql.remove_prefix(static_cast<size_t>(rest - sql.data()));
    if (statement) return std::optional(Statement(impl_->db, statement));
  }
  return std::optional<Statement>();
}

void Database::interrupt() {
  impl_->sources.interrupt();
  sqlite3_interrupt(impl_->db);
}
void Database::go_on() { impl_->sources.go_on(); }

Statement::Statement(sqlite3* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {
  for (int i = 0; i < sqlite3_column_count(statement); ++i) {
    const char* type = sqlite3_column_decltype(statement, i);
    columns_.push_back({sqlite3_column_name(statement, i), type ? type : ""});
  }
}
Statement::Statement(Statement&& other) noexcept
    : db_(other.db_),
      statement_(std::exchange(other.statement_, nullptr)),
      columns_(std::move(other.columns_)) {}
Statement::~Statement() { sqlite3_finalize(statement_); }

Result<bool> Statement::next() {
  int status = sqlite3_step(statement_);
  if (status == SQLITE_ROW) return true;
  if (status == SQLITE_DONE) return false;
  return fail(sqlite_error(db_));
}

Statement::Cell Statement::cell(size_t column) const {
  int i = static_cast<int>(column);
  auto size = [&] { return static_cast<size_t>(sqlite3_column_bytes(statement_, i)); };
  switch (sqlite3_column_type(statement_, i)) {
    case SQLITE_INTEGER:
      return int64_t{sqlite3_column_int64(statement_, i)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement_, i);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, i));
      return std::string_view(text, size());
    }
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(statement_, i));
      return Bytes(bytes, size());
    }
    default:
      return std::monostate{};
  }
}

bool is_complete(const std::string& sql) { return sqlite3_complete(sql.c_str()) != 0; }

}  // namespace inquest::query
