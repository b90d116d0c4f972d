#include <fmt/core.h>

#include "app/heap_options.h"
#include "app/investigate.h"
#include "app/sql_session.h"
#include "app/terminal.h"
#include "app/types_file.h"
#include "app/verbs.h"
#include "query/database.h"

namespace inquest::app {
namespace {

struct SqlOptions {
  DumpOptions dump = {};
  ListOutput output = ListOutput::text;
  std::string query = {};
  std::string write_to = {};
  std::vector<std::string> tables = {};
  objects::ReferenceOptions references = {};
};

ExitStatus write(query::Database& database, const SqlOptions& options) {
  auto written = query::write_database(database, options.write_to, options.tables);
  if (!written) return report_error(written.error());
  Progress::shared().stop();
  fmt::print("{}\n", options.write_to);
  return kDone;
}

ExitStatus sql(const SqlOptions& options) {
  auto process = open_process(options.dump);
  if (!process) return report_error(process.error());
  Progress::shared().stop();
  auto progress = [](std::string_view stage) {
    if (stage.empty()) return Progress::shared().stop();
    Progress::shared().stage(std::string(stage));
  };
  auto database =
      query::Database::open(**process, {.references = options.references, .progress = progress});
  if (!database) return report_error(database.error());
  if (!options.write_to.empty()) return write(**database, options);
  SqlSession session(**database, options.output);
  if (options.query.empty()) return run_sql_input(**database, session);
  session.run(options.query);
  return session.status();
}

}  // namespace

void add_sql(CLI::App& root, ExitStatus& status) {
  auto* verb = root.add_subcommand("sql", "Answer any question about a dump, asked in SQL");
  auto options = std::make_shared<SqlOptions>();
  verb->add_option("DUMP", options->dump.dump, kDumpHelp)->required();
  auto* query = verb->add_option("QUERY", options->query,
                                 "The SQL; .tables and .schema tell what there is. Without it: "
                                 "read from a pipe, or asked for");
  add_list_format(*verb, options->output, "a line for every row");
  auto* write = verb->add_option("--write", options->write_to,
                                 "Copy the tables into a file of SQLite's, for other tools")
                    ->type_name("FILE")
                    ->excludes(query);
  verb->add_option("--table", options->tables, "Copy only this table; may be repeated")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->needs(write);
  add_types(*verb, options->dump);
  add_places(*verb, options->dump);
  verb->add_flag("!--no-symbol-cache", options->dump.use_cache,
                 "Neither read nor write the compiled symbol cache");
  add_reference_options(*verb, options->references);
  verb->footer(
      "Examples:\n"
      "  inquest sql core.4711 .tables\n"
      "  inquest sql core.4711 \"SELECT size, count(*) FROM blocks GROUP BY size\"\n"
      "  inquest sql core.4711 'SELECT * FROM refs WHERE target = 0x55d0c0de2b0'\n"
      "  inquest sql core.4711                 asks, with completion and history\n"
      "  inquest sql core.4711 --format json < questions.sql\n"
      "  inquest sql core.4711 --write core.sqlite");
  verb->callback([options, &status] { status = sql(*options); });
}

}  // namespace inquest::app
