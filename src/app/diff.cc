#include "app/heap_options.h"
#include "app/investigate.h"
#include "app/verbs.h"
#include "cause/growth.h"
#include "cause/heap_input.h"
#include "heap/heap.h"
#include "objects/references.h"
#include "report/diff_report.h"

namespace inquest::app {
namespace {

struct DiffOptions {
  DumpOptions dump = {};  // the path is set to each in turn
  std::string before = {}, after = {};
  ListOutput output = ListOutput::text;
  objects::ReferenceOptions references = {};
  bool all = false;
};

/// The dump is read, summed up and left.
Result<cause::Profile> profile(const DiffOptions& options, const std::string& path) {
  DumpOptions dump = options.dump;
  dump.dump = path;
  auto process = open_process(dump);
  if (!process) return tl::unexpected(process.error());
  const cause::Process& dead = **process;
  Progress::shared().stage("finding who keeps what in " + path);
  heap::Heaps heaps = heap::find_heaps(cause::heap_input(dead));
  auto references = objects::References::find(dead.snapshot(), heaps, options.references);
  return cause::profile_of(dead, heaps, references);
}

ExitStatus diff(const DiffOptions& options) {
  auto before = profile(options, options.before);
  if (!before) return report_error(before.error());
  auto after = profile(options, options.after);
  if (!after) return report_error(after.error());
  answer::Diff answer = cause::compare(*before, *after, options.all);
  Progress::shared().stop();
  print_list(
      options.output, options.all,
      [&](const auto& style) { return report::diff_text(answer, style); },
      [&] { return report::diff_json(answer); }, [&] { return report::diff_csv(answer); });
  return kDone;
}

}  // namespace

void add_diff(CLI::App& root, ExitStatus& status) {
  auto* verb = root.add_subcommand(
      "diff", "Print what grew between two dumps of a program, and whose it is");
  auto options = std::make_shared<DiffOptions>();
  verb->add_option("BEFORE", options->before, "The earlier dump, or the id of a live process")
      ->required();
  verb->add_option("AFTER", options->after, "The later one")->required();
  add_list_format(*verb, options->output, "a line for every change");
  verb->add_flag("--all", options->all, "Every change, however small, in full");
  add_reference_options(*verb, options->references);
  add_places(*verb, options->dump);
  verb->footer(
      "Examples:\n"
      "  inquest dump $(pidof server) -o monday.core; sleep 1d; inquest dump $(pidof server) -o "
      "tuesday.core\n"
      "  inquest diff monday.core tuesday.core\n"
      "  inquest diff monday.core tuesday.core --all --format csv");
  verb->callback([options, &status] { status = diff(*options); });
}

}  // namespace inquest::app
