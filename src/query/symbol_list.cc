#include "query/symbol_list.h"

#include <algorithm>

namespace inquest::query {

std::shared_ptr<const SymbolList> SymbolList::open(const locate::ModuleFiles& files,
                                                   snapshot::Arch arch) {
  auto made = std::make_shared<SymbolList>();
  made->sources_ = symbols::open_sources(files, arch);
  std::vector<symbols::SymbolClaim> claims;
  std::deque<std::string> names;
  for (const auto& source : made->sources_) source->add_symbols(claims, names);
  made->table_ = symbols::make_symbol_table(std::move(claims), std::move(names));
  std::ranges::stable_sort(made->table_.symbols, {}, &symbols::Symbol::address);
  return made;
}

size_t SymbolList::lower_bound(uint64_t rva) const {
  auto at = std::ranges::lower_bound(table_.symbols, rva, {}, [](const symbols::Symbol& symbol) {
    return uint64_t{symbol.address};
  });
  return static_cast<size_t>(at - table_.symbols.begin());
}

}  // namespace inquest::query
