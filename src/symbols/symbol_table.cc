#include "symbols/symbol_table.h"

#include <algorithm>
#include <numeric>

namespace inquest::symbols {
namespace {

size_t leading_underscores(std::string_view name) {
  return std::min(name.find_first_not_of('_'), name.size());
}

/// Whether `a` names an address better than `b`, both of one kind (sized or not).
bool better(const SymbolClaim& a, const SymbolClaim& b) {
  if (a.symbol.address != b.symbol.address) return a.symbol.address > b.symbol.address;
  if (a.symbol.is_function != b.symbol.is_function) return a.symbol.is_function;
  if (a.binding != b.binding) return a.binding < b.binding;
  size_t under_a = leading_underscores(a.symbol.name), under_b = leading_underscores(b.symbol.name);
  if (under_a != under_b) return under_a < under_b;
  return a.symbol.name < b.symbol.name;
}

}  // namespace

const Symbol* SymbolTable::at(uint32_t rva) const {
  const Interval* range = symbols::find(ranges, rva);
  return range ? &symbols[range->owner] : nullptr;
}

const Symbol* SymbolTable::find(std::string_view name) const {
  for (const Symbol& s : symbols) {
    if (s.name == name) return &s;
  }
  return nullptr;
}

SymbolTable make_symbol_table(std::vector<SymbolClaim> all, std::deque<std::string> made) {
  SymbolTable table{.made = std::move(made)};
  // Tables repeat each other, as .dynsym does .symtab.
  std::sort(all.begin(), all.end(), [](const SymbolClaim& a, const SymbolClaim& b) {
    if (a.binding != b.binding) return a.binding < b.binding;
    if (a.symbol.address != b.symbol.address) return a.symbol.address < b.symbol.address;
    return a.symbol.name < b.symbol.name;
  });
  all.erase(std::unique(all.begin(), all.end(),
                        [](const SymbolClaim& a, const SymbolClaim& b) {
                          return a.symbol.address == b.symbol.address &&
                                 a.symbol.name == b.symbol.name;
                        }),
            all.end());

  std::vector<uint32_t> order(all.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    bool sized_a = all[a].symbol.size != 0, sized_b = all[b].symbol.size != 0;
    if (sized_a != sized_b) return sized_a;
    return better(all[a], all[b]);
  });
  // Where the next symbol begins, for those without size.
  std::vector<uint32_t> begins;
  begins.reserve(all.size());
  for (const SymbolClaim& c : all) begins.push_back(c.symbol.address);
  std::sort(begins.begin(), begins.end());
  std::vector<Interval> claims;
  claims.reserve(all.size());
  for (uint32_t rank = 0; rank < order.size(); ++rank) {
    const SymbolClaim& c = all[order[rank]];
    uint32_t end = c.symbol.address + c.symbol.size;
    if (c.symbol.size == 0) {
      auto next = std::upper_bound(begins.begin(), begins.end(), c.symbol.address);
      end = next == begins.end() ? c.end : std::min(*next, c.end);
    }
    claims.push_back({c.symbol.address, end, rank});
  }
  table.ranges = flatten(std::move(claims));
  for (Interval& range : table.ranges) range.owner = order[range.owner];
  table.symbols.reserve(all.size());
  for (const SymbolClaim& c : all) table.symbols.push_back(c.symbol);
  return table;
}

}  // namespace inquest::symbols
