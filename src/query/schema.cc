// What the tables are, in words: for `.schema` and for docs/sql.md.
#include <algorithm>

#include "query/database.h"
#include "query/functions.h"

namespace inquest::query {
namespace {

bool is_hidden(const Column& column) { return column.search == Search::argument; }

std::string table_schema(const Table& table) {
  std::string text = fmt::format("-- {}\nCREATE TABLE {} (\n", table.about(), table.name());
  for (const Column& column : table.columns()) {
    bool is_last = &column == &table.columns().back();
    text += fmt::format("  {} {}{}{}  -- {}\n", column.name, declared(column.type),
                        is_hidden(column) ? " HIDDEN" : "", is_last ? "" : ",", column.about);
  }
  return text + ");\n";
}

/// In a table of Markdown a bar would end the cell.
std::string cell_text(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::optional<std::string> schema_of(const Database& database, std::string_view name) {
  for (const auto& table : database.tables()) {
    if (table->name() == name) return table_schema(*table);
  }
  for (const View& view : views()) {
    if (view.name != name) continue;
    return fmt::format("-- {}\nCREATE VIEW {} AS {};\n", view.about, view.name, view.select);
  }
  return {};
}

std::string schema_markdown(const std::vector<std::unique_ptr<Table>>& tables) {
  std::string text;
  for (const auto& table : tables) {
    text += fmt::format("### {}\n\n{}.\n\n| column | type | |\n|---|---|---|\n", table->name(),
                        table->about());
    for (const Column& column : table->columns()) {
      text += fmt::format("| {} | {} | {} |\n", column.name, declared(column.type),
                          cell_text(column.about));
    }
    text += "\n";
  }
  text += "### Views\n\n| view | |\n|---|---|\n";
  for (const View& view : views()) text += fmt::format("| {} | {} |\n", view.name, view.about);
  text += "\n### Functions\n\n| function | |\n|---|---|\n";
  for (const Function& one : functions()) {
    text += fmt::format("| {} | {} |\n", one.call, cell_text(one.about));
  }
  return text;
}

}  // namespace inquest::query
