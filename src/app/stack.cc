#include <cstdio>

#include "app/investigate.h"
#include "app/terminal.h"
#include "app/types_file.h"
#include "app/verbs.h"
#include "cause/cause.h"
#include "cause/variables.h"
#include "report/report.h"

namespace inquest::app {
namespace {

struct StackOptions {
  DumpOptions dump = {};
  bool variables = false;
};

ExitStatus stack(const StackOptions& asked) {
  const DumpOptions& options = asked.dump;
  auto process = open_process(options);
  if (!process) return report_error(process.error());
  Progress::shared().stage("reading symbols and stacks");
  auto answer = std::make_unique<answer::Answer>(cause::describe(**process));
  if (asked.variables) {
    Progress::shared().stage("reading variables");
    cause::describe_variables(**process, {}, answer->threads, answer->warnings);
  }
  Progress::shared().stop();
  if (options.output == Output::json) {
    print_line(report::stack_json(*answer));
  } else {
    auto style = terminal_style();
    style.all_threads = options.all_threads;
    print_out(report::stack_text(*answer, style));
  }
  std::fflush(stdout);
  compile_caches_in_background(**process, options);
  leave_to_the_system(*std::move(process));
  leave_to_the_system(std::move(answer));
  return kDone;
}

}  // namespace

void add_stack(CLI::App& root, ExitStatus& status) {
  auto* verb = root.add_subcommand("stack", "Print the call stacks of all threads");
  auto options = std::make_shared<StackOptions>();
  add_dump_options(*verb, options->dump, false);
  add_types(*verb, options->dump);
  verb->add_flag(
      "--variables", options->variables,
      "Print the arguments and locals of each frame, where debug information tells them");
  verb->footer(
      "Examples:\n"
      "  inquest stack core.4711\n"
      "  inquest stack core.4711 --all-threads\n"
      "  inquest stack core.4711 --variables\n"
      "  inquest stack core.4711 --format json | jq '.threads[0].frames'");
  verb->callback([options, &status] { status = stack(*options); });
}

}  // namespace inquest::app
