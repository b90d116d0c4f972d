#include <map>

#include "app/options.h"
#include "app/source.h"
#include "app/terminal.h"
#include "app/verbs.h"
#include "cause/contents.h"
#include "report/report.h"

namespace inquest::app {
namespace {

struct ShowOptions {
  std::string dump = {};
  Output output = Output::text;
  bool all = false;
};

ExitStatus show(const ShowOptions& options) {
  auto snapshot = open_source(options.dump);
  if (!snapshot) return report_error(snapshot.error());
  answer::Show contents = cause::describe_contents(*snapshot);
  Progress::shared().stop();
  if (options.output == Output::json) {
    print_out(report::show_json(contents));
  } else {
    auto style = terminal_style();
    style.all_rows = options.all;
    print_out(report::show_text(contents, style));
  }
  return kDone;
}

}  // namespace

void add_show(CLI::App& root, ExitStatus& status) {
  auto* verb = root.add_subcommand("show", "Print what a dump holds, looking at no other file");
  auto options = std::make_shared<ShowOptions>();
  verb->add_option("DUMP", options->dump, kDumpHelp)->required();
  std::map<std::string, Output> outputs{{"text", Output::text}, {"json", Output::json}};
  verb->add_option("--format", options->output, "How to print it")
      ->transform(one_of(outputs))
      ->type_name("text|json");
  verb->add_flag("--all", options->all, "Print long tables in full; JSON always does");
  add_unused_places(*verb);
  verb->footer(
      "Examples:\n"
      "  inquest show crash.dmp\n"
      "  inquest show core.4711 --all\n"
      "  inquest show crash.dmp --format json | jq -r '.modules[] | .path + \" \" + .debug_id'");
  verb->callback([options, &status] { status = show(*options); });
}

}  // namespace inquest::app
