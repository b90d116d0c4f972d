#include <algorithm>
#include <cstdio>
#include <fmt/core.h>
#include <string_view>

#include "app/terminal.h"
#include "app/verbs.h"
#include "base/version.h"

namespace inquest::app {
namespace {

void describe(CLI::App& root) {
  root.name("inquest");
  root.require_subcommand(1);
  root.set_version_flag("--version", fmt::format("inquest {}", kVersion));
  root.footer(
      "Examples:\n"
      "  inquest why core.4711                 why did it die?\n"
      "  inquest run -- ./server --port 7000   start it, and say why when it dies\n"
      "  inquest dump 4711 -o hang.core        take a core of a process that hangs\n"
      "\n"
      "Exit status: 0 done, 1 the input is unusable, 2 wrong usage.\n"
      "`inquest VERB --help` says more; so does inquest(1).");
  // CLI11 wraps nothing; 100 columns keep the option texts on one line each.
  root.get_formatter()->column_width(30);
}

struct Verb {
  std::string_view name;
  void (*add)(CLI::App& root, ExitStatus& status);
};

constexpr Verb kVerbs[] = {
    {"why", add_why},
    {"stack", add_stack},
    {"show", add_show},
    {"memory", add_memory},
    {"heap", add_heap},
    {"leaks", add_leaks},
    {"objects", add_objects},
    {"inspect", add_inspect},
    {"refs", add_refs},
    {"diff", add_diff},
    {"sql", add_sql},
    {"run", add_run},
    {"dump", add_dump},
    {"catch", add_catch},
    {"cut", add_cut},
    {"symbols", add_symbols},
    {"completion", add_completion},
};

/// Options and texts of all verbs take longer to make than a small dump takes to read: where the
/// first word is a verb's name, the others are not needed. `completion` prints them all.
void add_verbs(CLI::App& root, ExitStatus& status, int argc, char** argv) {
  const std::string_view first = argc > 1 ? argv[1] : "";
  if (argc == 2 && first == "--version") return;
  const auto* named = std::ranges::find(kVerbs, first, &Verb::name);
  if (named != std::end(kVerbs) && named->add != add_completion) {
    return named->add(root, status);
  }
  for (const Verb& verb : kVerbs) verb.add(root, status);
}

}  // namespace

ExitStatus run_command_line(int argc, char** argv) {
  // Kept until the process ends: taking it apart is of no use to anybody.
  static auto& root =
      *new CLI::App("Finds out why a native process died, from what it left behind");
  describe(root);
  ExitStatus status = kDone;
  add_verbs(root, status, argc, argv);
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    int code = root.exit(problem);
    return code == 0 ? kDone : kWrongUsage;
  }
  Progress::shared().stop();
  return status;
}

}  // namespace inquest::app
