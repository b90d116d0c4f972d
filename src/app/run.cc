#include <cstdio>
#include <fmt/core.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/investigate.h"
#include "app/types_file.h"
#include "app/verbs.h"
#include "capture/capture.h"

namespace inquest::app {
namespace {

struct RunOptions {
  DumpOptions analysis;
  std::vector<std::string> command;
  std::string core;
  bool no_verdict = false;
  bool follow_children = false;
};

void print_warnings(const std::vector<Warning>& warnings) {
  for (const Warning& warning : warnings) {
    fmt::print(stderr, "inquest: warning: {}{}{}\n", warning.what,
               warning.advice.empty() ? "" : "; ", warning.advice);
  }
}

/// What was kept, and what could not be.
void print_cores(const capture::RunOutcome& outcome, const std::string& command) {
  print_warnings(outcome.warnings);
  for (const auto& child : outcome.child_cores) {
    fmt::print(stderr, "inquest: child {} died; its core is {}\n", child.pid, child.path);
    print_warnings(child.warnings);
  }
  if (outcome.core_error) {
    fmt::print(stderr, "inquest: {} died; {}\n", command, outcome.core_error->line());
  }
  if (outcome.core) {
    fmt::print(stderr, "inquest: {} died; its core is {}\n", command, outcome.core->path);
    print_warnings(outcome.core->warnings);
  }
}

/// We end as the program did: its signal is ours, its status is ours.
ExitStatus end_as(const capture::RunOutcome& outcome) {
  if (!outcome.signal) return outcome.exit_status.value_or(kDone);
  std::fflush(nullptr);
  rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);  // the program's core is what matters, not ours
  ::signal(*outcome.signal, SIG_DFL);
  ::raise(*outcome.signal);
  return 128 + *outcome.signal;  // a signal that is blocked here
}

ExitStatus run(RunOptions options) {
  capture::CoreOptions core;
  core.path = options.core.empty() ? "inquest.%p.core" : options.core;
  core.follow_children = options.follow_children;
  auto outcome = capture::run(options.command, core);
  if (!outcome) return report_error(outcome.error());
  print_cores(*outcome, options.command.front());
  if (outcome->core && !options.no_verdict) {
    options.analysis.dump = outcome->core->path;
    auto process = open_process(options.analysis);
    if (!process) {
      report_error(process.error());
    } else {
      print_why(**process, options.analysis);
      compile_caches_in_background(**process, options.analysis);
    }
  }
  return end_as(*outcome);
}

}  // namespace

void add_run(CLI::App& root, ExitStatus& status) {
  auto* verb =
      root.add_subcommand("run", "Start a program; when it dies, keep its core and say why");
  auto options = std::make_shared<RunOptions>();
  add_analysis_options(*verb, options->analysis, true);
  add_types(*verb, options->analysis);
  verb->add_option("--core", options->core,
                   "Where to write the core (%p: process id, %e: name); default inquest.%p.core")
      ->type_name("FILE");
  verb->add_flag("--no-verdict", options->no_verdict, "Only keep the core");
  verb->add_flag("--follow-children", options->follow_children,
                 "Also watch the processes that the program forks, and wait for them");
  verb->add_option("CMD", options->command, "The program and its arguments, after --")->required();
  verb->positionals_at_end();
  verb->footer(
      "The program keeps its terminal, its signals and its exit status; inquest ends as it "
      "ends.\n\n"
      "Examples:\n"
      "  inquest run -- ./server --port 7000\n"
      "  inquest run --core /var/crash/server.core -- ./server --port 7000");
  verb->callback([options, &status] { status = run(*options); });
}

}  // namespace inquest::app
