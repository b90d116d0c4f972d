#include "cause/objects.h"

#include <cstdio>
#include <fmt/core.h>

#include "app/investigate.h"
#include "app/terminal.h"
#include "app/verbs.h"
#include "cause/heap_input.h"
#include "cause/typing_input.h"
#include "report/objects_report.h"

namespace inquest::app {
namespace {

struct ObjectsOptions {
  DumpOptions dump = {};
  ListOutput output = ListOutput::text;
  cause::ObjectsQuestion question = {};
  bool all = false;
};

void print(const answer::Objects& answer, const ObjectsOptions& options) {
  std::string text;
  switch (options.output) {
    case ListOutput::json:
      text = report::objects_json(answer);
      break;
    case ListOutput::csv:
      text = report::objects_csv(answer);
      break;
    case ListOutput::text: {
      auto style = terminal_style();
      style.all_rows = options.all;
      text = report::objects_text(answer, style);
    }
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
}

ExitStatus objects(const ObjectsOptions& options) {
  auto process = open_process(options.dump);
  if (!process) return report_error(process.error());
  const cause::Process& dead = **process;
  Progress::shared().stage("finding the blocks of the heap");
  heap::Heaps heaps = heap::find_heaps(cause::heap_input(dead));
  Progress::shared().stage("following pointers");
  auto references = objects::References::find(dead.snapshot(), heaps, {});
  Progress::shared().stage("reading types");
  const objects::TypingInput input = cause::typing_input(dead, heaps, references);
  Progress::shared().stage("recognising objects");
  auto typing = objects::Typing::find(input);
  auto answer = cause::describe_objects(dead, heaps, references, typing, options.question);
  Progress::shared().stop();
  if (!answer) return report_error(answer.error());
  print(*answer, options);
  leave_to_the_system(std::move(*process));
  return kDone;
}

}  // namespace

void add_objects(CLI::App& root, ExitStatus& status) {
  auto* verb = root.add_subcommand("objects", "Say what fills the heap: its objects, by type");
  auto options = std::make_shared<ObjectsOptions>();
  verb->add_option("DUMP", options->dump.dump, kDumpHelp)->required();
  verb->add_option("TYPE", options->question.type,
                   "List the instances of a type: its exact name, or a regular expression");
  add_list_format(*verb, options->output, "a line for every type, or for every instance of TYPE");
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
      "  inquest objects core.4711\n"
      "  inquest objects core.4711 game::Guild\n"
      "  inquest objects core.4711 '^std::_Rb_tree_node<'\n"
      "  inquest objects core.4711 --format csv | sort -t, -k4 -n | tail");
  verb->callback([options, &status] { status = objects(*options); });
}

}  // namespace inquest::app
