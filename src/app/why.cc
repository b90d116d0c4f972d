#include "app/investigate.h"
#include "app/verbs.h"

namespace inquest::app {
namespace {

ExitStatus why(const DumpOptions& options) {
  auto process = open_process(options);
  if (!process) return report_error(process.error());
  print_why(**process, options);
  compile_caches_in_background(**process, options);
  leave_to_the_system(*std::move(process));
  return kDone;
}

}  // namespace

void add_why(CLI::App& root, ExitStatus& status) {
  auto* verb = root.add_subcommand("why", "Say why the process died: the cause, with evidence");
  auto options = std::make_shared<DumpOptions>();
  add_dump_options(*verb, *options, true);
  verb->footer(
      "Examples:\n"
      "  inquest why core.4711\n"
      "  inquest why core.4711 --symbols /srv/builds/symbols --image /srv/builds/2024-05\n"
      "  inquest why core.4711.zst --format json | jq .verdict\n"
      "  inquest why core.4711 --format html > why.html");
  verb->callback([options, &status] { status = why(*options); });
}

}  // namespace inquest::app
