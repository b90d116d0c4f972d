/// --pools and --infer: blocks of allocators that are not known, for verbs that look at blocks.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "cause/process.h"
#include "heap/heap.h"
#include "heap/pools/description.h"

namespace inquest::app {

struct PoolOptions {
  std::string file = {};  ///< the user's description of the program's own pools; empty: none
  bool infer = false;     ///< guess blocks from pointers in memory that no known allocator owns
};

/// Adds --pools FILE and --infer.
void add_pool_options(CLI::App& verb, PoolOptions& options);

/// Fails with file and line.
Result<std::vector<heap::PoolDescription>> read_pools(const PoolOptions& options);

/// Every block of the process, those of the pools and the inferred ones too.
heap::Heaps find_blocks(const heap::Input& input, const std::vector<heap::PoolDescription>& pools,
                        const PoolOptions& options);

/// What the pools' descriptions say lies in the blocks of each arena; empty for other arenas.
std::vector<std::string> arena_types(const std::vector<heap::PoolDescription>& pools,
                                     const heap::Heaps& heaps);

}  // namespace inquest::app
