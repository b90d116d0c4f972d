#include "app/pools.h"

#include <fstream>
#include <iterator>

#include "heap/inferred/inferred.h"
#include "heap/pools/pools.h"

namespace inquest::app {

void add_pool_options(CLI::App& verb, PoolOptions& options) {
  verb.add_option("--pools", options.file,
                  "A description of the pools that the program keeps by itself")
      ->type_name("FILE");
  verb.add_flag("--infer", options.infer,
                "Guess blocks in memory that no known allocator owns: from each place that is "
                "pointed at to the next");
}

Result<std::vector<heap::PoolDescription>> read_pools(const PoolOptions& options) {
  const std::string& file = options.file;
  if (file.empty()) return std::vector<heap::PoolDescription>();
  constexpr size_t kMost = 1 << 20;
  std::ifstream in(file, std::ios::binary);
  std::string text(kMost + 1, '\0');
  if (in) in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in && !in.eof()) return fail(Error{.what = "cannot be read", .file = file});
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.size() > kMost) {
    return fail(Error{.what = "more than a mebibyte is no description of pools", .file = file});
  }
  return heap::parse_pools(text, file);
}

heap::Heaps find_blocks(const heap::Input& input, const std::vector<heap::PoolDescription>& pools,
                        const PoolOptions& options) {
  heap::Heaps heaps = heap::find_heaps(input);
  if (!pools.empty()) heap::add_pools(input, pools, options.file, heaps);
  if (options.infer) heap::infer_blocks(input, heaps);
  return heaps;
}

std::vector<std::string> arena_types(const std::vector<heap::PoolDescription>& pools,
                                     const heap::Heaps& heaps) {
  std::vector<std::string> types(pools.empty() ? 0 : heaps.arenas.size());
  for (size_t i = 0; i < types.size(); ++i) {
    for (const heap::PoolDescription& pool : pools) {
      if (heaps.arenas[i].name == heap::pool_title(pool)) types[i] = pool.type;
    }
  }
  return types;
}

}  // namespace inquest::app
