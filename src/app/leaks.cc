#include "cause/leaks.h"

#include <cstdio>
#include <fmt/core.h>

#include "app/investigate.h"
#include "app/pools.h"
#include "app/terminal.h"
#include "app/verbs.h"
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
  std::string pools = {};
};

void print(const answer::Leaks& leaks, const LeaksOptions& options) {
  std::string text;
  switch (options.output) {
    case ListOutput::json:
      text = report::leaks_json(leaks);
      break;
    case ListOutput::csv:
      text = report::leaks_csv(leaks);
      break;
    case ListOutput::text: {
      auto style = terminal_style();
      style.all_rows = options.all;
      text = report::leaks_text(leaks, style);
    }
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
}

ExitStatus leaks(const LeaksOptions& options) {
  auto pools = read_pools(options.pools);
  if (!pools) return report_error(pools.error());
  auto process = open_process(options.dump, options.source);
  if (!process) return report_error(process.error());
  const cause::Process& dead = **process;
  Progress::shared().stage("finding the blocks of the heap");
  heap::Heaps heaps = find_blocks(dead, *pools, options.pools);
  Progress::shared().stage("following pointers");
  auto references = objects::References::find(dead.snapshot(), heaps, options.references);
  cause::LeakQuestion question{.options = options.references,
                               .with_blocks = options.output == ListOutput::csv,
                               .arena_types = arena_types(*pools, heaps)};
  if (options.suspects) {
    question.with_suspects = true;
    Progress::shared().stage("finding who keeps what");
  }
  answer::Leaks answer = cause::describe_leaks(dead, heaps, references, question);
  answer.read_in_place_ms = read_in_place(dead.snapshot());
  Progress::shared().stop();
  print(answer, options);
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
  verb->add_option(
          "--pointer-mask", options->references.pointer_mask,
          "Bits that the program keeps tags in: cleared before a word is taken for a pointer")
      ->type_name("HEX");
  verb->add_flag("!--no-mappings", options->references.mappings_are_roots,
                 "Pointers in anonymous mappings that no allocator owns keep nothing alive");
  add_pools_option(*verb, options->pools);
  add_in_place(*verb, options->source.in_place);
  verb->add_flag("--all", options->all, "Print long tables in full; JSON always does");
  verb->add_option("--symbols", options->dump.symbols,
                   "Folder, server URL or srv*CACHE*URL with symbols; may be repeated, first wins")
      ->type_name("DIR|URL")
      ->allow_extra_args(false);
  verb->add_option(
          "--image", options->dump.images,
          "Folder with the executables and libraries of the machine that died; may be repeated")
      ->type_name("DIR")
      ->allow_extra_args(false);
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
