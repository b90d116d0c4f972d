#include "cause/heap/refs.h"

#include "app/heap_options.h"
#include "app/investigate.h"
#include "app/types_file.h"
#include "app/verbs.h"
#include "cause/heap/heap_input.h"
#include "cause/heap/heap_types.h"
#include "objects/references.h"
#include "report/refs_report.h"

namespace inquest::app {
namespace {

struct RefsOptions {
  DumpOptions dump = {};
  ListOutput output = ListOutput::text;
  std::string at = {};
  cause::RefsQuestion question = {};
  bool all = false;
  cause::BlockNaming naming = cause::BlockNaming::where_quick;
};

ExitStatus refs(const RefsOptions& options) {
  auto process = open_process(options.dump);
  if (!process) return report_error(process.error());
  const cause::Process& dead = **process;
  auto at = address_of(dead, options.at);
  if (!at) return report_wrong_usage(at.error());
  Progress::shared().stage("finding the blocks of the heap");
  heap::Heaps heaps = heap::find_heaps(cause::heap_input(dead));
  Progress::shared().stage("following pointers");
  auto references = objects::References::find(dead.snapshot(), heaps, options.question.options);
  Progress::shared().stage("finding who keeps what");
  cause::RefsQuestion question = options.question;
  question.at = *at;
  question.types = cause::types_of_blocks(dead, heaps, references, options.naming);
  if (options.all) question.limit = question.paths = 1 << 20;
  answer::Refs answer = cause::describe_refs(dead, heaps, references, question);
  Progress::shared().stop();
  print_list(
      options.output, options.all,
      [&](const auto& style) { return report::refs_text(answer, style); },
      [&] { return report::refs_json(answer); }, [&] { return report::refs_csv(answer); });
  return kDone;
}

}  // namespace

void add_refs(CLI::App& root, ExitStatus& status) {
  auto* verb =
      root.add_subcommand("refs", "Print who points to an address, and what keeps it alive");
  auto options = std::make_shared<RefsOptions>();
  verb->add_option("DUMP", options->dump.dump, kDumpHelp)->required();
  verb->add_option("ADDR", options->at,
                   "Of a block, a byte in one, a variable: 0x..., or the name of a variable")
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
  add_naming_options(*verb, options->naming);
  add_reference_options(*verb, options->question.options);
  add_types(*verb, options->dump);
  add_places(*verb, options->dump);
  verb->footer(
      "Examples:\n"
      "  inquest refs core.4711 0x55d0c8a012a0\n"
      "  inquest refs core.4711 g_rooms --depth 3\n"
      "  inquest refs core.4711 0x55d0c8a012a0 --from\n"
      "  inquest refs core.4711 0x55d0c8a012a0 --all --format csv");
  verb->callback([options, &status] { status = refs(*options); });
}

}  // namespace inquest::app
