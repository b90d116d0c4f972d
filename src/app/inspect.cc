#include "cause/inspect.h"

#include "app/heap_options.h"
#include "app/investigate.h"
#include "app/terminal.h"
#include "app/types_file.h"
#include "app/verbs.h"
#include "cause/heap/heap_input.h"
#include "cause/heap/heap_types.h"

namespace inquest::app {
namespace {

struct InspectOptions {
  DumpOptions dump = {};
  std::string address = {};
  std::string as = {};
  size_t depth = objects::ValueOptions{}.depth;
  size_t width = objects::ValueOptions{}.width;
  bool follow = false;
};

ExitStatus inspect(const InspectOptions& options) {
  auto process = open_process(options.dump);
  if (!process) return report_error(process.error());
  const cause::Process& dead = **process;
  auto address = address_of(dead, options.address);
  if (!address) return report_wrong_usage(address.error());
  Progress::shared().stage("finding the blocks of the heap");
  heap::Heaps heaps = heap::find_heaps(cause::heap_input(dead));
  Progress::shared().stage("reading the object");
  cause::InspectQuestion question{.at = *address, .as = options.as};
  question.values.depth = options.depth;
  question.values.width = options.width;
  question.values.follow = options.follow;
  question.type_at = cause::known_types(dead, heaps);
  auto answer = cause::describe_address(dead, heaps, question);
  Progress::shared().stop();
  if (!answer) return report_error(answer.error());
  std::string text = options.dump.output == Output::json
                         ? report::inspect_json(*answer)
                         : report::inspect_text(*answer, terminal_style());
  print_out(text);
  leave_to_the_system(std::move(*process));
  return kDone;
}

}  // namespace

void add_inspect(CLI::App& root, ExitStatus& status) {
  auto* verb = root.add_subcommand(
      "inspect", "Show what lies at an address: block, object, fields with values, bytes");
  auto options = std::make_shared<InspectOptions>();
  add_dump_options(*verb, options->dump, false);
  verb->add_option("ADDR", options->address, "Address in hex (0x7f1234), or the name of a variable")
      ->required();
  verb->add_option("--as", options->as, "Take it for an object of this type, by its qualified name")
      ->type_name("TYPE");
  verb->add_option("--depth", options->depth, "Levels of fields below the object")
      ->type_name("N")
      ->check(CLI::Range(0, 64))
      ->capture_default_str();
  verb->add_option("--width", options->width, "Elements of a container that are shown")
      ->type_name("N")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  verb->add_flag("--follow", options->follow,
                 "Show what pointers lead to as well; smart pointers always are followed");
  add_types(*verb, options->dump);
  verb->footer(
      "Examples:\n"
      "  inquest inspect core.4711 0x7f21e4003c60\n"
      "  inquest inspect core.4711 g_rooms --depth 5\n"
      "  inquest inspect core.4711 0x7f21e4003c60 --as 'game::Guild' --format json\n"
      "  inquest inspect core.4711 0x7f21e4003c60 --types our_pools.types");
  verb->callback([options, &status] { status = inspect(*options); });
}

}  // namespace inquest::app
