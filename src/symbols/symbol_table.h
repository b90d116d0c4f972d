/// The symbol tables of a module: which symbol names an address, best first.
///
/// Choice where several hold an address: a function before an object, a sized one before one
/// without size, the one that begins last, global before weak before local before an exported name.
/// A symbol without size reaches to the next symbol, never out of its section.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "symbols/intervals.h"
#include "symbols/unit_symbols.h"

namespace inquest::symbols {

/// A symbol as a source of them tells it.
struct SymbolClaim {
  Symbol symbol;
  uint32_t end = 0;     ///< of its section: how far it can reach when it has no size
  uint8_t binding = 0;  ///< 0 global, 1 weak, 2 local, 3 from an export table
};

/// Names are borrowed from the files.
struct SymbolTable {
  std::vector<Symbol> symbols;   ///< global ones first
  std::vector<Interval> ranges;  ///< disjoint; owner: index in `symbols`
  std::deque<std::string> made;  ///< names that stand in no file

  const Symbol* at(uint32_t rva) const;
  /// O(n).
  const Symbol* find(std::string_view name) const;
};

/// `made` keeps names of `claims` alive.
SymbolTable make_symbol_table(std::vector<SymbolClaim> claims, std::deque<std::string> made);

}  // namespace inquest::symbols
