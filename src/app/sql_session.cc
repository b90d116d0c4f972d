#include "app/sql_session.h"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <fmt/core.h>
#include <unistd.h>

#include "app/sql_output.h"
#include "app/terminal.h"

namespace inquest::app {
namespace {

std::atomic<query::Database*> running = nullptr;

/// The first Ctrl-C ends the query; a second one, the program: what is computed inside a query,
/// such as walking the heap, does not look.
void stop_query(int signal) {
  if (query::Database* database = running.load()) database->interrupt();
  std::signal(signal, SIG_DFL);
}

class Interruptible {
 public:
  explicit Interruptible(query::Database& database) {
    database.go_on();
    running = &database;
    before_ = std::signal(SIGINT, stop_query);
  }
  ~Interruptible() {
    std::signal(SIGINT, before_);
    running = nullptr;
  }

 private:
  void (*before_)(int) = SIG_DFL;
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  size_t begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

constexpr ExitStatus kInterrupted = 130;  // as shells say of what Ctrl-C ended

constexpr const char* kHelp =
    "Any SQL statement that reads, ended by `;`. Addresses are integers: 0x7f12 is one.\n"
    "  .tables          the tables and views\n"
    "  .schema [NAME]   their columns, with what they are\n"
    "  .help            this\n"
    "  .quit            leave (or Ctrl-D)\n"
    "Ctrl-C ends a query, Tab completes. Examples: docs/sql.md\n";

}  // namespace

SqlSession::SqlSession(query::Database& database, ListOutput format)
    : database_(database), format_(format) {}
SqlSession::~SqlSession() = default;

bool SqlSession::refuse(const Error& error) {
  Progress::shared().stop();
  std::fflush(stdout);
  fmt::print(stderr, "inquest: {}\n", error.line());
  status_ = error.what == query::kInterrupted ? kInterrupted : kWrongUsage;
  return false;
}

bool SqlSession::run(std::string_view sql) {
  sql = trimmed(sql);
  if (sql.starts_with('.')) return command(sql);
  Interruptible until_done(database_);
  while (!sql.empty()) {
    auto statement = database_.prepare(sql);
    if (!statement) return refuse(statement.error());
    if (!*statement) break;
    if (!run_statement(**std::move(statement))) return false;
  }
  return true;
}

bool SqlSession::run_statement(query::Statement statement) {
  auto output = make_sql_output(format_, ::isatty(STDOUT_FILENO) != 0);
  // A first row tells whether the query runs at all: until then nothing is printed.
  auto more = statement.next();
  if (!more) return refuse(more.error());
  output->begin(statement.columns());
  while (*more) {
    output->row(statement);
    more = statement.next();
    if (!more) break;
  }
  Progress::shared().stop();
  output->end(database_.sources().take_new_warnings());
  return more ? true : refuse(more.error());
}

bool SqlSession::command(std::string_view line) {
  size_t blank = line.find_first_of(" \t;");
  std::string_view word = line.substr(0, blank);
  std::string_view name = blank == line.npos ? "" : trimmed(line.substr(blank));
  while (name.ends_with(';')) name.remove_suffix(1);
  if (word == ".quit" || word == ".exit") {
    quits_ = true;
  } else if (word == ".help") {
    fmt::print("{}", kHelp);
  } else if (word == ".tables") {
    for (const auto& table : database_.tables()) {
      fmt::print("{:<16} {}\n", table->name(), table->about());
    }
    for (const query::View& view : query::views()) {
      fmt::print("{:<16} {}\n", view.name, view.about);
    }
  } else if (word == ".schema") {
    if (!name.empty() && !query::schema_of(database_, name)) {
      return refuse({.what = fmt::format("there is no table or view {}", name)});
    }
    auto show = [&](const char* one) {
      if (name.empty() || name == one) fmt::print("{}", *query::schema_of(database_, one));
    };
    for (const auto& table : database_.tables()) show(table->name());
    for (const query::View& view : query::views()) show(view.name);
  } else {
    return refuse({.what = fmt::format("{} is not known", word), .advice = "see .help"});
  }
  std::fflush(stdout);
  return true;
}

}  // namespace inquest::app
