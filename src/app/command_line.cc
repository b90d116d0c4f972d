#include <cstdio>
#include <fmt/core.h>

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

}  // namespace

ExitStatus run_command_line(int argc, char** argv) {
  CLI::App root{"Finds out why a native process died, from what it left behind"};
  describe(root);
  ExitStatus status = kDone;
  add_why(root, status);
  add_stack(root, status);
  add_show(root, status);
  add_memory(root, status);
  add_heap(root, status);
  add_leaks(root, status);
  add_objects(root, status);
  add_inspect(root, status);
  add_refs(root, status);
  add_diff(root, status);
  add_sql(root, status);
  add_run(root, status);
  add_dump(root, status);
  add_catch(root, status);
  add_cut(root, status);
  add_symbols(root, status);
  add_completion(root, status);
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
