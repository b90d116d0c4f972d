#include "cause/heap/objects.h"

#include "app/heap_options.h"
#include "app/investigate.h"
#include "app/types_file.h"
#include "app/verbs.h"
#include "base/quantities.h"
#include "cause/heap/heap_input.h"
#include "cause/heap/heap_map.h"
#include "cause/heap/typing_input.h"
#include "cause/texts/texts.h"
#include "report/objects_report.h"
#include "report/texts_report.h"

namespace inquest::app {
namespace {

/// A live process may have reserved any number of addresses.
constexpr uint64_t kMostEverywhere = 1ull << 38;
/// A gigabyte of text, about, were they many times as many.
constexpr size_t kMostWithFields = 100000;

struct ObjectsOptions {
  DumpOptions dump = {};
  ListOutput output = ListOutput::text;
  cause::ObjectsQuestion question = {};
  bool all = false, retained = false, strings = false, freed = false, everywhere = false;
};

ExitStatus objects(const ObjectsOptions& options) {
  const bool is_page = options.output == ListOutput::html;
  if (is_page && !options.question.type.empty()) {
    return report_wrong_usage({.what = "the page shows the whole heap, not the objects of a type",
                               .advice = "leave TYPE away, or print it as text, json or csv"});
  }
  if (options.strings && (is_page || !options.question.type.empty())) {
    return report_wrong_usage({.what = "--strings tells the texts of the whole heap",
                               .advice = "leave TYPE away, and print it as text, json or csv"});
  }
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
  if (options.strings) {
    Progress::shared().stage("reading texts");
    const answer::Texts texts = cause::describe_texts(dead, heaps, references, typing, {});
    Progress::shared().stop();
    print_list(
        options.output, options.all,
        [&](const auto& style) { return report::texts_text(texts, style); },
        [&] { return report::texts_json(texts); }, [&] { return report::texts_csv(texts); });
    leave_to_the_system(std::move(*process));
    return kDone;
  }
  if (is_page) {
    Progress::shared().stage("finding who keeps what");
    answer::HeapMap map = cause::describe_heap_map(dead, heaps, references, typing, {});
    Progress::shared().stop();
    print_out(report::objects_html(map));
    leave_to_the_system(std::move(*process));
    return kDone;
  }
  cause::ObjectsQuestion question = options.question;
  if (options.retained) question.with_retained = true;
  objects::RemnantOptions wanted{.freed = options.freed || !question.type.empty(),
                                 .data_of_libraries = options.everywhere || !question.type.empty()};
  if (options.freed) wanted.most_blocks = SIZE_MAX;
  if (options.everywhere) wanted.most_bytes = kMostEverywhere;
  Progress::shared().stage("looking at freed blocks, and outside of the heap");
  const auto remnants = objects::Remnants::find(input, typing, wanted);
  question.remnants = &remnants;
  const bool is_cut = options.output == ListOutput::text && !options.all;
  question.with_fields = is_cut ? report::kInstancesShown : kMostWithFields;
  auto answer = cause::describe_objects(dead, heaps, references, typing, question);
  Progress::shared().stop();
  if (!answer) return report_wrong_usage(answer.error());
  if (!is_cut && answer->instances.size() > kMostWithFields) {
    answer->warnings.push_back(
        {fmt::format("fields are told of the first {} instances only", count_text(kMostWithFields)),
         "name a narrower TYPE; `inquest sql` has the fields of all, in the table `fields`"});
  }
  print_list(
      options.output, options.all,
      [&](const auto& style) { return report::objects_text(*answer, style); },
      [&] { return report::objects_json(*answer); }, [&] { return report::objects_csv(*answer); });
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
  add_list_format(*verb, options->output, "a line for every type, or for every instance of TYPE",
                  "one page with the types, who keeps what, and who points where");
  verb->add_flag("--strings", options->strings,
                 "The texts of the heap by pattern (numbers, names of files, ... replaced), and "
                 "who holds them");
  verb->add_flag("--freed", options->freed,
                 "What is left of objects in freed blocks too, and who still points there; with "
                 "TYPE always, in heaps of up to a million blocks");
  verb->add_flag("--everywhere", options->everywhere,
                 "Objects outside of the heap, however much memory that is, and in the data of "
                 "libraries");
  verb->add_flag("--retained", options->retained,
                 "Say what each type retains in heaps of over a million blocks too");
  verb->add_flag("--all", options->all, "Print long tables in full; JSON always does");
  add_types(*verb, options->dump);
  add_places(*verb, options->dump);
  verb->footer(
      "Examples:\n"
      "  inquest objects core.4711\n"
      "  inquest objects core.4711 game::Guild\n"
      "  inquest objects core.4711 '^std::_Rb_tree_node<'\n"
      "  inquest objects core.4711 --freed\n"
      "  inquest objects core.4711 --strings\n"
      "  inquest objects core.4711 --format html > heap.html\n"
      "  inquest objects core.4711 --format csv | sort -t, -k4 -n | tail");
  verb->callback([options, &status] { status = objects(*options); });
}

}  // namespace inquest::app
