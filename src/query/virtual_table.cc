#include "query/virtual_table.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <sqlite3.h>

#include "base/utf8.h"
#include "query/sources.h"

namespace inquest::query {

void Cell::integer(uint64_t value) {
  sqlite3_result_int64(context_, static_cast<sqlite3_int64>(value));
}
void Cell::real(double value) { sqlite3_result_double(context_, value); }
void Cell::word(std::string_view constant) {
  sqlite3_result_text64(context_, constant.data(), constant.size(), SQLITE_STATIC, SQLITE_UTF8);
}
void Cell::text(std::string_view bytes) {
  if (is_plain_utf8(bytes)) {
    sqlite3_result_text64(context_, bytes.data(), bytes.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    return;
  }
  std::string good = make_utf8(bytes);
  sqlite3_result_text64(context_, good.data(), good.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

namespace {

struct Connection {
  const std::vector<std::unique_ptr<Table>>& tables;
  Sources& sources;
};

struct Vtab : sqlite3_vtab {
  const Table* table = nullptr;
  Sources* sources = nullptr;
};

struct VtabCursor : sqlite3_vtab_cursor {
  std::unique_ptr<Cursor> rows = {};
  bool is_over = true;
};

/// No exception may pass through SQLite, which is C.
template <class Work>
int guarded(sqlite3_vtab* vtab, Work&& work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return SQLITE_NOMEM;
  } catch (const std::exception& problem) {
    sqlite3_free(vtab->zErrMsg);
    vtab->zErrMsg = sqlite3_mprintf("%s", problem.what());
    return SQLITE_ERROR;
  }
}

std::string declaration_of(const Table& table) {
  std::string text = "CREATE TABLE x(";
  for (const Column& column : table.columns()) {
    if (&column != &table.columns().front()) text += ", ";
    bool is_hidden = column.search == Search::argument;
    text +=
        fmt::format("\"{}\" {}{}", column.name, declared(column.type), is_hidden ? " HIDDEN" : "");
  }
  return text + ")";
}

int connect(sqlite3* db, void* data, int count, const char* const* arguments, sqlite3_vtab** out,
            char** error) {
  const auto& connection = *static_cast<const Connection*>(data);
  auto found = std::ranges::find_if(connection.tables, [&](const auto& table) {
    return count > 3 && std::strcmp(table->name(), arguments[3]) == 0;
  });
  if (found == connection.tables.end()) {
    *error = sqlite3_mprintf("there is no such table");
    return SQLITE_ERROR;
  }
  int status = sqlite3_declare_vtab(db, declaration_of(**found).c_str());
  if (status != SQLITE_OK) return status;
  sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
  auto vtab = std::make_unique<Vtab>();
  vtab->table = found->get();
  vtab->sources = &connection.sources;
  *out = vtab.release();
  return SQLITE_OK;
}

int disconnect(sqlite3_vtab* vtab) {
  delete static_cast<Vtab*>(vtab);
  return SQLITE_OK;
}

/// Absent for what no table can use.
std::optional<Comparison> comparison_of(unsigned char op) {
  switch (op) {
    case SQLITE_INDEX_CONSTRAINT_EQ:
      return Comparison::equal;
    case SQLITE_INDEX_CONSTRAINT_LT:
      return Comparison::less;
    case SQLITE_INDEX_CONSTRAINT_LE:
      return Comparison::at_most;
    case SQLITE_INDEX_CONSTRAINT_GT:
      return Comparison::greater;
    case SQLITE_INDEX_CONSTRAINT_GE:
      return Comparison::at_least;
    default:
      return {};
  }
}

bool can_use(Search search, Comparison comparison) {
  return search == Search::range || (search != Search::none && comparison == Comparison::equal);
}

/// Chooses the conditions that the table can use; the plan's text has two bytes for each: column
/// and comparison.
int best_index(sqlite3_vtab* vtab, sqlite3_index_info* info) {
  const Table& table = *static_cast<Vtab*>(vtab)->table;
  const auto& columns = table.columns();
  std::string plan;
  double rows = table.guessed_rows();
  for (int i = 0; i < info->nConstraint; ++i) {
    const auto& one = info->aConstraint[i];
    auto comparison = comparison_of(one.op);
    if (one.iColumn < 0 || !comparison) continue;
    const Column& column = columns[static_cast<size_t>(one.iColumn)];
    if (!can_use(column.search, *comparison)) continue;
    if (!one.usable) {
      // An argument must be given before the table is looked at: another order of tables, please.
      if (column.search == Search::argument) return SQLITE_CONSTRAINT;
      continue;
    }
    bool is_text = column.type == Type::text;
    if (is_text && sqlite3_stricmp(sqlite3_vtab_collation(info, i), "BINARY") != 0) continue;
    plan.push_back(static_cast<char>('A' + one.iColumn));
    plan.push_back(static_cast<char>('0' + static_cast<int>(*comparison)));
    info->aConstraintUsage[i].argvIndex = static_cast<int>(plan.size() / 2);
    rows = *comparison == Comparison::equal ? std::min(rows, column.rows_per_value)
                                            : std::max(1.0, rows / 4);
  }
  info->estimatedRows = static_cast<sqlite3_int64>(rows);
  info->estimatedCost = 10 + rows;
  auto sorted = table.sorted_by();
  if (sorted && info->nOrderBy == 1 && !info->aOrderBy[0].desc &&
      info->aOrderBy[0].iColumn == static_cast<int>(*sorted)) {
    info->orderByConsumed = 1;
  }
  info->idxStr = sqlite3_mprintf("%s", plan.c_str());
  info->needToFreeIdxStr = 1;
  return info->idxStr ? SQLITE_OK : SQLITE_NOMEM;
}

int open_cursor(sqlite3_vtab*, sqlite3_vtab_cursor** out) {
  *out = new (std::nothrow) VtabCursor;
  return *out ? SQLITE_OK : SQLITE_NOMEM;
}

int close_cursor(sqlite3_vtab_cursor* cursor) {
  delete static_cast<VtabCursor*>(cursor);
  return SQLITE_OK;
}

Value value_of(sqlite3_value* value) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
      return int64_t{sqlite3_value_int64(value)};
    case SQLITE_FLOAT:
      return sqlite3_value_double(value);
    case SQLITE_NULL:
      return std::monostate{};
    default: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
      return std::string(text ? text : "");
    }
  }
}

int next_row(sqlite3_vtab_cursor* cursor) {
  auto& mine = *static_cast<VtabCursor*>(cursor);
  return guarded(cursor->pVtab, [&] {
    mine.is_over = !mine.rows->next();
    bool was_stopped = mine.is_over && static_cast<Vtab*>(cursor->pVtab)->sources->interrupted();
    return was_stopped ? SQLITE_INTERRUPT : SQLITE_OK;
  });
}

int filter(sqlite3_vtab_cursor* cursor, int, const char* plan, int count, sqlite3_value** values) {
  auto& mine = *static_cast<VtabCursor*>(cursor);
  auto& vtab = *static_cast<Vtab*>(cursor->pVtab);
  int status = guarded(cursor->pVtab, [&] {
    std::vector<Constraint> constraints;
    for (int i = 0; i < count; ++i) {
      constraints.push_back({static_cast<size_t>(plan[2 * i] - 'A'),
                             static_cast<Comparison>(plan[2 * i + 1] - '0'), value_of(values[i])});
    }
    mine.rows = vtab.table->open(*vtab.sources, Constraints(std::move(constraints)));
    return SQLITE_OK;
  });
  return status == SQLITE_OK ? next_row(cursor) : status;
}

int at_end(sqlite3_vtab_cursor* cursor) { return static_cast<VtabCursor*>(cursor)->is_over; }

int read_cell(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int column) {
  return guarded(cursor->pVtab, [&] {
    Cell out(context);
    static_cast<VtabCursor*>(cursor)->rows->cell(static_cast<size_t>(column), out);
    return SQLITE_OK;
  });
}

int read_row(sqlite3_vtab_cursor* cursor, sqlite3_int64* out) {
  *out = static_cast<VtabCursor*>(cursor)->rows->row();
  return SQLITE_OK;
}

constexpr sqlite3_module kVirtualTableModule = {
    .iVersion = 1,
    .xCreate = connect,
    .xConnect = connect,
    .xBestIndex = best_index,
    .xDisconnect = disconnect,
    .xDestroy = disconnect,
    .xOpen = open_cursor,
    .xClose = close_cursor,
    .xFilter = filter,
    .xNext = next_row,
    .xEof = at_end,
    .xColumn = read_cell,
    .xRowid = read_row,
};

}  // namespace

int add_virtual_tables(sqlite3* db, const std::vector<std::unique_ptr<Table>>& tables,
                       Sources& sources) {
  auto* connection = new Connection{tables, sources};
  int status = sqlite3_create_module_v2(db, "inquest", &kVirtualTableModule, connection,
                                        [](void* data) { delete static_cast<Connection*>(data); });
  for (size_t i = 0; i < tables.size() && status == SQLITE_OK; ++i) {
    std::string sql = fmt::format("CREATE VIRTUAL TABLE {0} USING inquest({0})", tables[i]->name());
    status = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
  }
  return status;
}

}  // namespace inquest::query
