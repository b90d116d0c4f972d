#include <fmt/core.h>

#include "app/verbs.h"
#include "capture/capture.h"

namespace inquest::app {
namespace {

struct LiveDumpOptions {
  int pid = 0;
  std::string path;
  bool everything = false;
};

ExitStatus dump(const LiveDumpOptions& options) {
  capture::CoreOptions core;
  core.path = options.path.empty() ? fmt::format("core.{}", options.pid) : options.path;
  core.everything = options.everything;
  auto written = capture::dump_process(options.pid, core);
  if (!written) return report_error(written.error());
  fmt::print("{}\n", written->path);
  fmt::print(stderr, "inquest: wrote {:.1f} MB; process {} stood still for {:.1f} ms and goes on\n",
             written->bytes / 1e6, options.pid, written->stopped.count() / 1e3);
  for (const auto& warning : written->warnings) {
    fmt::print(stderr, "inquest: warning: {}\n", warning.what);
  }
  return kDone;
}

}  // namespace

void add_dump(CLI::App& root, ExitStatus& status) {
  auto* verb = root.add_subcommand("dump", "Write a core of a live process, which goes on");
  auto options = std::make_shared<LiveDumpOptions>();
  verb->add_option("PID", options->pid, "The process")->required()->check(process_id());
  verb->add_option("-o,--output", options->path, "Where to write the core; default core.PID")
      ->type_name("FILE");
  verb->add_flag("--everything", options->everything,
                 "Also write unmodified pages of files (program text)");
  verb->footer(
      "Examples:\n"
      "  inquest dump 4711\n"
      "  inquest dump $(pidof server) -o hang.core && inquest why hang.core");
  verb->callback([options, &status] { status = dump(*options); });
}

}  // namespace inquest::app
