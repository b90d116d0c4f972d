#include "app/investigate.h"

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/core.h>
#include <spawn.h>
#include <string_view>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "app/source.h"
#include "app/terminal.h"
#include "app/types_file.h"
#include "cause/cause.h"
#include "report/report.h"

extern char** environ;

namespace inquest::app {

Result<std::unique_ptr<cause::Process>> open_process(const DumpOptions& options,
                                                     const SourceOptions& source) {
  auto containers = TRY(read_descriptions(options.types));
  auto snapshot = TRY(open_source(options.dump, source));
  Progress::shared().stage("looking for symbols");
  cause::Options all = analysis_options(options);
  all.containers = std::move(containers);
  return cause::Process::open(std::move(snapshot), std::move(all));
}

void print_why(const cause::Process& process, const DumpOptions& options) {
  Progress::shared().stage("reading symbols and stacks");
  answer::Answer answer = cause::investigate(process);
  Progress::shared().stop();
  switch (options.output) {
    case Output::json:
      print_line(report::why_json(answer));
      break;
    case Output::html:
      print_line(report::why_html(answer));
      break;
    case Output::text: {
      auto style = terminal_style();
      style.all_threads = options.all_threads;
      print_out(report::why_text(answer, style));
    }
  }
  std::fflush(stdout);
}

/// The environment without servers to ask: what they had has been fetched, and nobody waits for
/// what they have not.
static std::vector<char*> environment_without_servers() {
  std::vector<char*> out;
  for (char** variable = environ; variable && *variable; ++variable) {
    if (!std::string_view(*variable).starts_with("DEBUGINFOD_URLS=")) out.push_back(*variable);
  }
  out.push_back(nullptr);
  return out;
}

void compile_caches_in_background(const cause::Process& process, const DumpOptions& options) {
  if (!options.use_cache) return;
  const auto& snapshot = process.snapshot();
  std::vector<std::string> arguments{"inquest", "symbols", "compile", options.dump};
  size_t fixed = arguments.size();
  for (const auto& module : process.used_modules()) {
    if (!process.symbols(*module).wants_compiling()) continue;
    arguments.push_back("--module");
    arguments.push_back(fmt::format("{:#x}", module->range.begin.value));
  }
  if (arguments.size() == fixed || snapshot.path.empty()) return;
  for (const auto& folder : options.symbols)
    arguments.insert(arguments.end(), {"--symbols", folder});
  for (const auto& folder : options.images) arguments.insert(arguments.end(), {"--image", folder});

  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  // It must not hold our caller's pipes open, nor die with our terminal.
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t child = 0;
  auto environment = environment_without_servers();
  ::posix_spawn(&child, "/proc/self/exe", &actions, &attributes, argv.data(), environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
}

}  // namespace inquest::app
