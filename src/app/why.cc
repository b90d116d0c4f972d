#include "app/investigate.h"
#include "app/terminal.h"
#include "app/types_file.h"
#include "app/verbs.h"
#include "cause/cause.h"
#include "cause/heap/heap_input.h"
#include "cause/heap/heap_types.h"
#include "cause/heap/leaks.h"
#include "cause/heap/objects.h"
#include "cause/heap/typing_input.h"
#include "report/why_heap.h"

namespace inquest::app {
namespace {

/// Bytes of memory that an allocator may own.
uint64_t private_bytes(const snapshot::Snapshot& process) {
  uint64_t bytes = 0;
  for (const snapshot::Region& region : process.regions) {
    const bool is_data = !region.access || region.access->write;
    if (is_data && !process.module_at(region.range.begin)) bytes += region.recorded;
  }
  return bytes;
}

/// What the verbs of heaps would say, where that takes less than about a second.
std::optional<report::WhyHeap> quick_heap(const cause::Process& dead) {
  constexpr uint64_t kFewBytes = 512 << 20;
  constexpr size_t kFewBlocks = 1000000, kFewToType = 200000;
  if (private_bytes(dead.snapshot()) > kFewBytes) return {};
  Progress::shared().stage("looking at the heap");
  const heap::Heaps heaps = heap::find_heaps(cause::heap_input(dead));
  if (heaps.blocks.empty() || heaps.blocks.size() > kFewBlocks) return {};
  auto references = objects::References::find(dead.snapshot(), heaps, {});
  report::WhyHeap found{.leaks = cause::describe_leaks(dead, heaps, references, {})};
  if (heaps.blocks.size() > kFewToType || !cause::typing_is_quick(dead, heaps)) return found;
  const objects::TypingInput input = cause::typing_input(dead, heaps, references);
  auto typing = objects::Typing::find(input);
  auto objects = cause::describe_objects(dead, heaps, references, typing, {});
  if (objects) found.objects = std::move(*objects);
  return found;
}

/// The page, with the heap where that is quick.
void print_why_page(const cause::Process& process) {
  Progress::shared().stage("reading symbols and stacks");
  answer::Answer answer = cause::investigate(process);
  auto heap = quick_heap(process);
  Progress::shared().stop();
  print_line(heap ? report::why_html(answer, *heap) : report::why_html(answer));
  std::fflush(stdout);
}

ExitStatus why(const DumpOptions& options) {
  auto process = open_process(options);
  if (!process) return report_error(process.error());
  if (options.output == Output::html) {
    print_why_page(**process);
  } else {
    print_why(**process, options);
  }
  compile_caches_in_background(**process, options);
  leave_to_the_system(*std::move(process));
  return kDone;
}

}  // namespace

void add_why(CLI::App& root, ExitStatus& status) {
  auto* verb = root.add_subcommand("why", "Say why the process died: the cause, with evidence");
  auto options = std::make_shared<DumpOptions>();
  add_dump_options(*verb, *options, true);
  add_types(*verb, *options);
  verb->footer(
      "Examples:\n"
      "  inquest why core.4711\n"
      "  inquest why core.4711 --symbols /srv/builds/symbols --image /srv/builds/2024-05\n"
      "  inquest why core.4711.zst --format json | jq .verdict\n"
      "  inquest why core.4711 --format html > why.html");
  verb->callback([options, &status] { status = why(*options); });
}

}  // namespace inquest::app
