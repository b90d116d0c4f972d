/// Table -> SQLite's interface of virtual tables.
#pragma once

#include <memory>
#include <vector>

#include "query/table.h"

struct sqlite3;

namespace inquest::query {

/// Makes every table known to SQLite under its name. Borrows both, which outlive the connection.
/// SQLite's error code.
int add_virtual_tables(sqlite3* db, const std::vector<std::unique_ptr<Table>>& tables,
                       Sources& sources);

}  // namespace inquest::query
