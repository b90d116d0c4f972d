/// The SQL functions that come with the tables.
#pragma once

#include <string>
#include <vector>

struct sqlite3;

namespace inquest::query {

class Sources;

struct Function {
  const char* call;  ///< "symbol_at(address)"
  const char* about;
};
const std::vector<Function>& functions();

/// Borrows `sources`, which outlives the connection. SQLite's error code.
int add_functions(sqlite3* db, Sources& sources);

}  // namespace inquest::query
