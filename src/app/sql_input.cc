// Queries from stdin: typed at a prompt, or out of a pipe.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fmt/core.h>
#include <iostream>
#include <unistd.h>

#include "app/line_editor.h"
#include "app/sql_session.h"

namespace inquest::app {
namespace {

constexpr const char* kKeywords[] = {
    "ALL",       "AND",     "AS",      "ASC",      "BETWEEN",   "BY",           "CASE",
    "CAST",      "CROSS",   "DESC",    "DISTINCT", "ELSE",      "END",          "EXCEPT",
    "EXISTS",    "EXPLAIN", "FROM",    "GLOB",     "GROUP",     "HAVING",       "IN",
    "INTERSECT", "IS",      "JOIN",    "LEFT",     "LIKE",      "LIMIT",        "NOT",
    "NULL",      "OFFSET",  "ON",      "OR",       "ORDER",     "OVER",         "PARTITION",
    "RECURSIVE", "SELECT",  "THEN",    "UNION",    "USING",     "VALUES",       "WHEN",
    "WHERE",     "WITH",    "avg",     "coalesce", "count",     "group_concat", "length",
    "lower",     "max",     "min",     "printf",   "round",     "substr",       "sum",
    "total",     "upper",   "hex",     "address",  "symbol_at", "word_at",      "text_at",
    "bytes_at",  ".tables", ".schema", ".help",    ".quit"};

std::vector<std::string> words_of(const query::Database& database) {
  std::vector<std::string> words(std::begin(kKeywords), std::end(kKeywords));
  for (const auto& table : database.tables()) {
    words.push_back(table->name());
    for (const query::Column& column : table->columns()) words.push_back(column.name);
  }
  for (const query::View& view : query::views()) words.push_back(view.name);
  return words;
}

/// $XDG_STATE_HOME/inquest/sql_history, its folder made; empty when there is no home.
std::string history_file() {
  const char* state = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  std::filesystem::path folder;
  if (state && *state) {
    folder = state;
  } else if (home && *home) {
    folder = std::filesystem::path(home) / ".local/state";
  } else {
    return {};
  }
  folder /= "inquest";
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  return folder / "sql_history";
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == text.npos; }

/// Lines until they are a statement.
class Pending {
 public:
  void add(const std::string& line) { text_ += text_.empty() ? line : "\n" + line; }
  bool is_empty() const { return is_blank(text_); }
  bool is_ready() const {
    return text_.starts_with('.') || text_.size() > kLongest || query::is_complete(text_);
  }
  std::string take() { return std::exchange(text_, {}); }

 private:
  static constexpr size_t kLongest = 1 << 20;  // the database refuses it then

  std::string text_;
};

ExitStatus read_pipe(SqlSession& session) {
  Pending pending;
  std::string line;
  while (!session.wants_to_quit() && std::getline(std::cin, line)) {
    if (pending.is_empty()) pending.take();
    pending.add(line);
    if (pending.is_ready() && !session.run(pending.take())) return session.status();
  }
  if (!pending.is_empty()) session.run(pending.take());
  return session.status();
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

ExitStatus ask(const query::Database& database, SqlSession& session) {
  fmt::print("SQL over the dump; `.tables` tells what there is, `.help` more.\n");
  LineEditor editor(words_of(database), history_file());
  Pending pending;
  while (!session.wants_to_quit()) {
    bool interrupted = false;
    auto line = editor.line(pending.is_empty() ? "sql> " : "...> ", interrupted);
    if (!line) break;
    if (interrupted || pending.is_empty()) pending.take();
    if (interrupted || (pending.is_empty() && is_blank(*line))) continue;
    pending.add(*line);
    if (!pending.is_ready()) continue;
    std::string text = pending.take();
    editor.remember(one_line(text));
    session.run(text);
  }
  return kDone;
}

}  // namespace

ExitStatus run_sql_input(query::Database& database, SqlSession& session) {
  return ::isatty(STDIN_FILENO) ? ask(database, session) : read_pipe(session);
}

}  // namespace inquest::app
