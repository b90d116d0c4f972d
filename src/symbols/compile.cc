#include "symbols/cache/cache_file.h"
#include "symbols/cache/image_builder.h"
#include "symbols/source.h"

namespace inquest::symbols {

Result<> compile_cache(const locate::ModuleFiles& files, snapshot::Arch arch,
                       const Options& options) {
  const Identity identity = identity_of(files);
  const std::string path = cache_path(identity, options);
  if (path.empty()) {
    return fail("this module has no build id or debug id: its symbols cannot be cached");
  }
  auto sources = open_sources(files, arch);
  uint32_t kinds = kinds_of(sources);
  if (open_cache(path, identity, kinds)) return {};
  ImageBuilder builder;
  if (Source* code = code_source(sources)) {
    kinds |= code->each_unit([&](const UnitSymbols& unit) { builder.add(unit); });
  }
  std::vector<SymbolClaim> claims;
  std::deque<std::string> made;
  for (const auto& source : sources) source->add_symbols(claims, made);
  SymbolTable table = make_symbol_table(std::move(claims), std::move(made));
  builder.add(table.symbols, table.ranges);
  return write_cache(path, builder.finish(std::as_bytes(std::span(identity.bytes)), kinds));
}

}  // namespace inquest::symbols
