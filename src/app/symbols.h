/// The parts of `inquest symbols`: one function each, which declares it to CLI11.
#pragma once

#include <CLI/CLI.hpp>

#include "app/options.h"

namespace inquest::app {

void add_symbols_compile(CLI::App& verb, ExitStatus& status);
void add_symbols_find(CLI::App& verb, ExitStatus& status);
void add_symbols_add(CLI::App& verb, ExitStatus& status);
void add_symbols_list(CLI::App& verb, ExitStatus& status);
void add_symbols_check(CLI::App& verb, ExitStatus& status);

}  // namespace inquest::app
