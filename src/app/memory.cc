#include "cause/memory.h"

#include "app/source.h"
#include "app/terminal.h"
#include "app/verbs.h"
#include "report/report.h"

namespace inquest::app {
namespace {

struct MemoryOptions {
  std::string dump = {};
  ListOutput output = ListOutput::text;
  SourceOptions source = {};
  bool all = false;
};

ExitStatus memory(const MemoryOptions& options) {
  auto snapshot = open_source(options.dump, options.source);
  if (!snapshot) return report_error(snapshot.error());
  Progress::shared().stage("looking for allocators");
  heap::Heaps heaps = heap::find_heaps({*snapshot});
  auto space = heap::describe_address_space(*snapshot, heaps);
  answer::Memory answer = cause::describe_memory(*snapshot, space);
  answer.read_in_place_ms = read_in_place(*snapshot);
  Progress::shared().stop();
  if (options.output == ListOutput::json) {
    print_out(report::memory_json(answer));
  } else if (options.output == ListOutput::csv) {
    print_out(report::memory_csv(answer));
  } else {
    auto style = terminal_style();
    style.all_rows = options.all;
    print_out(report::memory_text(answer, style));
  }
  return kDone;
}

}  // namespace

void add_memory(CLI::App& root, ExitStatus& status) {
  auto* verb = root.add_subcommand("memory", "Say where the addresses and the memory went");
  auto options = std::make_shared<MemoryOptions>();
  verb->add_option("DUMP", options->dump, kDumpHelp)->required();
  add_list_format(*verb, options->output, "the areas");
  verb->add_flag("--all", options->all, "Print every area and holder; JSON and CSV always do");
  add_in_place(*verb, options->source.in_place);
  add_unused_places(*verb);
  verb->footer(
      "Examples:\n"
      "  inquest memory core.4711\n"
      "  inquest memory server.dmp --all\n"
      "  inquest memory $(pidof server) --in-place\n"
      "  inquest memory core.4711 --format csv | sort -t, -k2 -n -r | head");
  verb->callback([options, &status] { status = memory(*options); });
}

}  // namespace inquest::app
