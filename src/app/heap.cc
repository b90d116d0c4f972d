#include "heap/heap.h"

#include "app/heap_options.h"
#include "app/investigate.h"
#include "app/pools.h"
#include "app/source.h"
#include "app/verbs.h"
#include "cause/heap/half_done.h"
#include "cause/heap/heap_answer.h"
#include "cause/heap/heap_input.h"
#include "report/heap_report.h"

namespace inquest::app {
namespace {

struct HeapOptions {
  DumpOptions dump = {};
  PoolOptions pools = {};
  ListOutput output = ListOutput::text;
  SourceOptions source = {};
  bool sizes = false, arenas = false, check = false, list = false, all = false;

  report::HeapPart part() const {
    if (sizes) return report::HeapPart::sizes;
    if (arenas) return report::HeapPart::arenas;
    if (check) return report::HeapPart::check;
    return list ? report::HeapPart::list : report::HeapPart::all;
  }
  bool wants_blocks() const {
    return part() == report::HeapPart::list ||
           (output == ListOutput::csv && part() == report::HeapPart::all);
  }
};

answer::Heap describe(const snapshot::Snapshot& process, const heap::Heaps& heaps,
                      const HeapOptions& options) {
  answer::Heap answer = cause::describe_heap(process, heaps, options.wants_blocks());
  answer.read_in_place_ms = read_in_place(process);
  return answer;
}

/// Symbols are looked for only when pools are described by them, or the heap contradicts itself.
Result<answer::Heap> look_at_heap(const HeapOptions& options) {
  auto pools = TRY(read_pools(options.pools));
  if (pools.empty()) {
    auto process = TRY(open_source(options.dump.dump, options.source));
    Progress::shared().stage("walking the heap");
    answer::Heap answer =
        describe(process, find_blocks({.process = process}, pools, options.pools), options);
    if (!answer.faults.empty() && !answer.read_in_place_ms) {
      Progress::shared().stage("looking whether a thread was inside the allocator");
      auto whole = cause::Process::open(std::move(process), analysis_options(options.dump));
      answer.threads_in_allocator = cause::threads_in_allocator(*whole);
    }
    return answer;
  }
  auto process = TRY(open_process(options.dump, options.source));
  Progress::shared().stage("walking the heap");
  return describe(process->snapshot(),
                  find_blocks(cause::heap_input(*process), pools, options.pools), options);
}

ExitStatus heap(const HeapOptions& options) {
  auto looked = look_at_heap(options);
  if (!looked) return report_error(looked.error());
  const answer::Heap& answer = *looked;
  Progress::shared().stop();
  const report::HeapPart part = options.part();
  print_list(
      options.output, options.all,
      [&](const auto& style) { return report::heap_text(answer, part, style); },
      [&] { return report::heap_json(answer, part); },
      [&] { return report::heap_csv(answer, part); });
  return kDone;
}

}  // namespace

void add_heap(CLI::App& root, ExitStatus& status) {
  auto* verb = root.add_subcommand(
      "heap", "Show every block that the allocators hold, and whether they are whole");
  auto options = std::make_shared<HeapOptions>();
  verb->add_option("DUMP", options->dump.dump, kDumpHelp)->required();
  add_list_format(*verb, options->output, "the blocks, or the part that was asked for");
  // One part at a time.
  auto* parts = verb->add_option_group("parts");
  parts->add_flag("--sizes", options->sizes, "The blocks in use by size, in full");
  parts->add_flag("--arenas", options->arenas,
                  "The arenas, in full, with the threads that allocate from them");
  parts->add_flag("--check", options->check, "Every fault, with the blocks beside it");
  parts->add_flag("--list", options->list, "Every block: address, size, state, arena");
  parts->require_option(0, 1);
  verb->add_flag("--all", options->all, "Print long tables in full; JSON always does");
  add_pool_options(*verb, options->pools);
  add_in_place(*verb, options->source.in_place);
  verb->add_option("--symbols", options->dump.symbols, "Where symbols are that --pools names")
      ->type_name("DIR|URL")
      ->allow_extra_args(false);
  verb->add_option("--image", options->dump.images, "Where the program's files are, for --pools")
      ->type_name("DIR")
      ->allow_extra_args(false);
  verb->footer(
      "Examples:\n"
      "  inquest heap core.4711\n"
      "  inquest heap core.4711 --check\n"
      "  inquest heap $(pidof server) --sizes\n"
      "  inquest heap $(pidof server) --in-place\n"
      "  inquest heap core.4711 --pools pools.txt --arenas\n"
      "  inquest heap core.4711 --infer --arenas\n"
      "  inquest heap core.4711 --list --format csv | grep ,used, | sort -t, -k2 -n | tail");
  verb->callback([options, &status] { status = heap(*options); });
}

}  // namespace inquest::app
