#include "app/heap_options.h"
#include "app/investigate.h"
#include "app/types_file.h"
#include "app/verbs.h"
#include "cause/growth/growth.h"
#include "cause/heap/heap_input.h"
#include "heap/heap.h"
#include "objects/references.h"
#include "report/diff_report.h"

namespace inquest::app {
namespace {

struct DiffOptions {
  DumpOptions dump = {};  // the path is set to each in turn
  std::string before = {}, after = {};
  std::vector<std::string> later = {};
  ListOutput output = ListOutput::text;
  objects::ReferenceOptions references = {};
  cause::BlockNaming naming = cause::BlockNaming::where_quick;
  bool all = false;
};

/// The dump is read, summed up and left.
Result<void> add_dump(const DiffOptions& options, const std::string& path,
                      cause::GrowthSeries& series) {
  DumpOptions dump = options.dump;
  dump.dump = path;
  auto process = open_process(dump);
  if (!process) return tl::unexpected(process.error());
  const cause::Process& dead = **process;
  Progress::shared().stage("finding who keeps what in " + path);
  heap::Heaps heaps = heap::find_heaps(cause::heap_input(dead));
  // Everything would seem to be gone.
  if (heaps.blocks.empty()) {
    return fail(path + ": no block of any allocator was found, there is nothing to compare",
                "take complete dumps: `inquest dump PID`; `inquest heap` says what was looked for");
  }
  auto references = objects::References::find(dead.snapshot(), heaps, options.references);
  series.add(dead, heaps, references,
             cause::types_of_blocks(dead, heaps, references, options.naming));
  return {};
}

ExitStatus diff(const DiffOptions& options) {
  std::vector<std::string> dumps = {options.before, options.after};
  dumps.insert(dumps.end(), options.later.begin(), options.later.end());
  cause::GrowthSeries series;
  for (const std::string& path : dumps) {
    auto added = add_dump(options, path, series);
    if (!added) return report_error(added.error());
  }
  answer::Diff answer = series.compare(options.all);
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
      "diff", "Print what grew between two or more dumps of a program, and whose it is");
  auto options = std::make_shared<DiffOptions>();
  verb->add_option("BEFORE", options->before, "The earliest dump, or the id of a live process")
      ->required();
  verb->add_option("AFTER", options->after, "A later one")->required();
  verb->add_option("LATER", options->later,
                   "More of them, the latest last: they confirm what grows all the time");
  add_list_format(*verb, options->output, "a line for every change");
  verb->add_flag("--all", options->all, "Every change, however small, in full");
  add_naming_options(*verb, options->naming);
  add_reference_options(*verb, options->references);
  add_types(*verb, options->dump);
  add_places(*verb, options->dump);
  verb->footer(
      "Examples:\n"
      "  inquest dump $(pidof server) -o monday.core; sleep 1d; inquest dump $(pidof server) -o "
      "tuesday.core\n"
      "  inquest diff monday.core tuesday.core\n"
      "  inquest diff monday.core tuesday.core wednesday.core\n"
      "  inquest diff monday.core tuesday.core --all --format csv");
  verb->callback([options, &status] { status = diff(*options); });
}

}  // namespace inquest::app
