/// --pools: the user's description of a program's own pools, for verbs that look at blocks.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "cause/process.h"
#include "heap/heap.h"
#include "heap/pools/description.h"

namespace inquest::app {

/// Adds --pools FILE.
void add_pools_option(CLI::App& verb, std::string& file);

/// Fails with file and line. `file` empty: none.
Result<std::vector<heap::PoolDescription>> read_pools(const std::string& file);

/// Every block of the process, those of the pools too.
heap::Heaps find_blocks(const cause::Process& process,
                        const std::vector<heap::PoolDescription>& pools, const std::string& file);

/// What the pools' descriptions say lies in the blocks of each arena; empty for other arenas.
std::vector<std::string> arena_types(const std::vector<heap::PoolDescription>& pools,
                                     const heap::Heaps& heaps);

}  // namespace inquest::app
