#include "cause/refs.h"

#include <cstdio>
#include <fmt/core.h>

#include "app/investigate.h"
#include "app/terminal.h"
#include "app/verbs.h"
#include "cause/heap_input.h"
#include "objects/references.h"
#include "report/refs_report.h"

namespace inquest::app {
namespace {

struct RefsOptions {
  DumpOptions dump = {};
  ListOutput output = ListOutput::text;
  uint64_t at = 0;
  cause::RefsQuestion question = {};
  bool all = false;
};

void print(const answer::Refs& refs, const RefsOptions& options) {
  std::string text;
  switch (options.output) {
    case ListOutput::json:
      text = report::refs_json(refs);
      break;
    case ListOutput::csv:
      text = report::refs_csv(refs);
      break;
    case ListOutput::text:
      text = report::refs_text(refs, terminal_style());
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
}

ExitStatus refs(const RefsOptions& options) {
  auto process = open_process(options.dump);
  if (!process) return report_error(process.error());
  const cause::Process& dead = **process;
  Progress::shared().stage("finding the blocks of the heap");
  heap::Heaps heaps = heap::find_heaps(cause::heap_input(dead));
  Progress::shared().stage("following pointers");
  auto references = objects::References::find(dead.snapshot(), heaps, options.question.options);
  Progress::shared().stage("finding who keeps what");
  cause::RefsQuestion question = options.question;
  question.at = {options.at};
  if (options.all) question.limit = question.paths = 1 << 20;
  answer::Refs answer = cause::describe_refs(dead, heaps, references, question);
  Progress::shared().stop();
  print(answer, options);
  return kDone;
}

}  // namespace

void add_refs(CLI::App& root, ExitStatus& status) {
  auto* verb =
      root.add_subcommand("refs", "Print who points to an address, and what keeps it alive");
  auto options = std::make_shared<RefsOptions>();
  verb->add_option("DUMP", options->dump.dump, kDumpHelp)->required();
  verb->add_option("ADDR", options->at, "Of a block, a byte in one, a variable: 0x...")
      ->required()
      ->type_name("ADDR");
  add_list_format(*verb, options->output, "a line for every word that points there");
  verb->add_flag("--from", options->question.forward, "What it points to, instead");
  verb->add_option("--depth", options->question.depth, "Levels: who points to those, and so on (1)")
      ->check(CLI::Range(1, 64))
      ->type_name("N");
  verb->add_flag("--freed", options->question.freed, "List words in freed blocks too");
  verb->add_flag("--all", options->all,
                 "All words and a path for every owner: the first 100 and 4 otherwise");
  verb->add_option(
          "--pointer-mask", options->question.options.pointer_mask,
          "Bits that the program keeps tags in: cleared before a word is taken for a pointer")
      ->type_name("HEX");
  verb->add_flag("!--no-mappings", options->question.options.mappings_are_roots,
                 "Pointers in anonymous mappings that no allocator owns keep nothing alive");
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
      "  inquest refs core.4711 0x55d0c8a012a0\n"
      "  inquest refs core.4711 0x55d0c8a012a0 --depth 3\n"
      "  inquest refs core.4711 0x55d0c8a012a0 --from\n"
      "  inquest refs core.4711 0x55d0c8a012a0 --all --format csv");
  verb->callback([options, &status] { status = refs(*options); });
}

}  // namespace inquest::app
