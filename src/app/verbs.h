/// The verbs of the command line: one file each, each a recipe.
///
/// `add_x` declares the verb to CLI11 (help, options, examples); the callback stores the status.
#pragma once

#include <CLI/CLI.hpp>

#include "app/options.h"

namespace inquest::app {

void add_why(CLI::App& root, ExitStatus& status);
void add_stack(CLI::App& root, ExitStatus& status);
void add_show(CLI::App& root, ExitStatus& status);
void add_memory(CLI::App& root, ExitStatus& status);
void add_inspect(CLI::App& root, ExitStatus& status);
void add_leaks(CLI::App& root, ExitStatus& status);
void add_heap(CLI::App& root, ExitStatus& status);
void add_objects(CLI::App& root, ExitStatus& status);
void add_refs(CLI::App& root, ExitStatus& status);
void add_diff(CLI::App& root, ExitStatus& status);
void add_run(CLI::App& root, ExitStatus& status);
void add_dump(CLI::App& root, ExitStatus& status);
void add_catch(CLI::App& root, ExitStatus& status);
void add_cut(CLI::App& root, ExitStatus& status);
void add_sql(CLI::App& root, ExitStatus& status);
void add_symbols(CLI::App& root, ExitStatus& status);
void add_completion(CLI::App& root, ExitStatus& status);

/// The whole command line. Returns the exit status.
ExitStatus run_command_line(int argc, char** argv);

}  // namespace inquest::app
