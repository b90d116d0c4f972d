#include <fmt/core.h>
#include <unistd.h>

#include "app/verbs.h"
#include "capture/capture.h"

namespace inquest::app {
namespace {

struct CatchOptions {
  int pid = 0;
  std::string path;
};

ExitStatus catch_core(const CatchOptions& options) {
  auto written = capture::catch_from_kernel(STDIN_FILENO, options.path, options.pid);
  if (!written) return report_error(written.error());
  fmt::print(stderr, "inquest: wrote {} ({:.1f} MB)\n", written->path, written->bytes / 1e6);
  return kDone;
}

}  // namespace

void add_catch(CLI::App& root, ExitStatus& status) {
  auto* verb = root.add_subcommand(
      "catch", "Keep the core that the kernel writes to a pipe (for core_pattern)");
  auto options = std::make_shared<CatchOptions>();
  verb->add_option("--pid", options->pid, "The dying process: %P of core_pattern")
      ->required()
      ->check(process_id());
  verb->add_option("-o,--output", options->path, "Where to write the core")
      ->required()
      ->type_name("FILE");
  verb->footer(
      "Example (as root; %P, %e, %t are filled in by the kernel):\n"
      "  echo '|/usr/bin/inquest catch --pid %P -o /var/crash/%e.%t.core' "
      "> /proc/sys/kernel/core_pattern");
  verb->callback([options, &status] { status = catch_core(*options); });
}

}  // namespace inquest::app
