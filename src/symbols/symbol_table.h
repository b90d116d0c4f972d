/// The symbol tables of a module: which symbol names an address, best first.
///
/// From .symtab, .dynsym and the PLT (entries named "foo@plt"). Choice where several hold an
/// address: a function before an object, a sized one before one without size, the one that begins
/// last, global before weak before local. A symbol without size reaches to the next symbol, never
/// out of its section.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "locate/locate.h"
#include "snapshot/registers.h"
#include "symbols/intervals.h"
#include "symbols/unit_symbols.h"

namespace inquest::symbols {

/// Names are borrowed from the files.
struct SymbolTable {
  std::vector<ElfSymbol> symbols;  ///< global ones first
  std::vector<Interval> ranges;    ///< disjoint; owner: index in `symbols`
  std::deque<std::string> made;    ///< names that stand in no file
  bool has_symtab = false;         ///< not only .dynsym

  const ElfSymbol* at(uint32_t rva) const;
  /// O(n).
  const ElfSymbol* find(std::string_view name) const;
};

SymbolTable read_symbol_table(const locate::ModuleFiles& files, snapshot::Arch arch);

}  // namespace inquest::symbols
