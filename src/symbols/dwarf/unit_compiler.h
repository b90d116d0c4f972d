/// DWARF units -> UnitSymbols.
///
/// One thread at a time; several compilers may share the files. Damaged parts read as absent.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "locate/locate.h"
#include "symbols/code_layout.h"
#include "symbols/unit_symbols.h"

namespace inquest::symbols {

class UnitCompiler {
 public:
  /// A file with DWARF must be there. Reads the symbol table, no debug information yet.
  UnitCompiler(const locate::ModuleFiles& files, const CodeLayout& layout);
  ~UnitCompiler();

  /// `owned`: the addresses that are the unit's, sorted and disjoint; all else that it claims is
  /// left out. The DIEs that this reads are dropped before it returns.
  UnitSymbols compile(uint64_t unit_offset, const std::vector<CodeRange>& owned);

  /// Names of the .dwo files that were wanted and not found.
  const std::vector<std::string>& missing_dwos() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace inquest::symbols
