#include <atomic>
#include <mutex>
#include <thread>

#include "symbols/cache/cache_file.h"
#include "symbols/cache/image_builder.h"
#include "symbols/dwarf/unit_compiler.h"
#include "symbols/dwarf/unit_map.h"
#include "symbols/symbol_table.h"

namespace inquest::symbols {
namespace {

/// Threads that read units; each has its own reader, and memory for it.
constexpr unsigned kMostThreads = 4;

/// Reads all units by a few threads and adds them to the builder as they come.
/// Returns whether split units were missing.
bool compile_units(const locate::ModuleFiles& files, ImageBuilder& builder) {
  const CodeLayout layout = CodeLayout::of(files);
  const UnitMap map = read_unit_map(*files.debug, layout);
  std::vector<std::vector<CodeRange>> owned(map.units.size());
  for (const Interval& s : map.segments) owned[s.owner].push_back({s.begin, s.end});

  std::atomic<size_t> next = 0;
  std::atomic<bool> missing = false;
  std::mutex adding;
  auto work = [&] {
    UnitCompiler compiler(files, layout);
    for (size_t unit; (unit = next++) < map.units.size();) {
      UnitSymbols symbols = compiler.compile(map.units[unit], owned[unit]);
      std::lock_guard lock(adding);
      builder.add(symbols);
    }
    if (!compiler.missing_dwos().empty()) missing = true;
  };
  std::vector<std::thread> threads;
  unsigned n = std::min(kMostThreads, std::max(1u, std::thread::hardware_concurrency()));
  for (unsigned i = 1; i < n && i < map.units.size(); ++i) threads.emplace_back(work);
  work();
  for (std::thread& t : threads) t.join();
  return missing;
}

}  // namespace

Result<> compile_cache(const locate::ModuleFiles& files, snapshot::Arch arch,
                       const Options& options) {
  const std::string path = cache_path(files, options);
  if (path.empty()) return fail("this module has no build id: its symbols cannot be cached");
  if (open_cache(path, files)) return {};
  ImageBuilder builder;
  uint32_t sources = sources_of(files);
  if ((sources & image::kFromDwarf) && compile_units(files, builder)) {
    sources |= image::kDwoMissing;
  }
  SymbolTable table = read_symbol_table(files, arch);
  builder.add(table.symbols, table.ranges);
  return write_cache(path, builder.finish(build_id_of(files), sources));
}

}  // namespace inquest::symbols
