#include "app/pools.h"

#include <fstream>
#include <iterator>

#include "cause/heap_input.h"
#include "heap/pools/pools.h"

namespace inquest::app {

void add_pools_option(CLI::App& verb, std::string& file) {
  verb.add_option("--pools", file, "A description of the pools that the program keeps by itself")
      ->type_name("FILE");
}

Result<std::vector<heap::PoolDescription>> read_pools(const std::string& file) {
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

heap::Heaps find_blocks(const cause::Process& process,
                        const std::vector<heap::PoolDescription>& pools, const std::string& file) {
  heap::Input input = cause::heap_input(process);
  heap::Heaps heaps = heap::find_heaps(input);
  if (!pools.empty()) heap::add_pools(input, pools, file, heaps);
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
