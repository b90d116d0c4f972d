#include "cause/heap/leaks.h"

#include "app/heap_options.h"
#include "app/investigate.h"
#include "app/pools.h"
#include "app/types_file.h"
#include "app/verbs.h"
#include "cause/heap/heap_input.h"
#include "cause/heap/heap_types.h"
#include "heap/heap.h"
#include "objects/references.h"
#include "report/report.h"

namespace inquest::app {
namespace {

struct LeaksOptions {
  DumpOptions dump = {};
  SourceOptions source = {};
  ListOutput output = ListOutput::text;
  objects::ReferenceOptions references = {};
  bool all = false, suspects = false;
  cause::BlockNaming naming = cause::BlockNaming::where_quick;
  PoolOptions pools = {};
};

ExitStatus leaks(const LeaksOptions& options) {
  auto pools = read_pools(options.pools);
  if (!pools) return report_error(pools.error());
  auto process = open_process(options.dump, options.source);
  if (!process) return report_error(process.error());
  const cause::Process& dead = **process;
  Progress::shared().stage("finding the blocks of the heap");
  heap::Heaps heaps = find_blocks(cause::heap_input(dead), *pools, options.pools);
  Progress::shared().stage("following pointers");
  auto references = objects::References::find(dead.snapshot(), heaps, options.references);
  cause::LeakQuestion question{
      .options = options.references,
      .with_blocks = options.output == ListOutput::csv,
      .types = cause::types_of_blocks(dead, heaps, references, options.naming),
      .arena_types = arena_types(*pools, heaps)};
  if (options.suspects) {
    question.with_suspects = true;
    Progress::shared().stage("finding who keeps what");
  }
  answer::Leaks answer = cause::describe_leaks(dead, heaps, references, question);
  answer.read_in_place_ms = read_in_place(dead.snapshot());
  Progress::shared().stop();
  print_list(
      options.output, options.all,
      [&](const auto& style) { return report::leaks_text(answer, style); },
      [&] { return report::leaks_json(answer); }, [&] { return report::leaks_csv(answer); });
  return kDone;
}

}  // namespace

void add_leaks(CLI::App& root, ExitStatus& status) {
  auto* verb = root.add_subcommand("leaks", "Print the blocks of the heap that nothing reaches");
  auto options = std::make_shared<LeaksOptions>();
  verb->add_option("DUMP", options->dump.dump, kDumpHelp)->required();
  add_list_format(*verb, options->output, "a line for every lost block");
  verb->add_flag("--suspects", options->suspects,
                 "Say what keeps much of the rest too, in heaps of over a million blocks");
  add_naming_options(*verb, options->naming);
  add_reference_options(*verb, options->references);
  add_pool_options(*verb, options->pools);
  add_in_place(*verb, options->source.in_place);
  verb->add_flag("--all", options->all, "Print long tables in full; JSON always does");
  add_types(*verb, options->dump);
  add_places(*verb, options->dump);
  verb->footer(
      "Examples:\n"
      "  inquest leaks core.4711\n"
      "  inquest leaks $(pidof server)\n"
      "  inquest leaks core.4711 --suspects\n"
      "  inquest leaks $(pidof server) --in-place\n"
      "  inquest leaks core.4711 --pools pools.txt\n"
      "  inquest leaks core.4711 --pointer-mask 0xffff000000000000\n"
      "  inquest leaks core.4711 --format csv | sort -t, -k2 -n | tail");
  verb->callback([options, &status] { status = leaks(*options); });
}

}  // namespace inquest::app
