/// The symbols of one module, all of them, in the order of their addresses.
///
/// Made from the module's files by the sources of `symbols/`. Keeps what it needs of the files.
/// Immutable; safe from any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "locate/locate.h"
#include "symbols/source.h"

namespace inquest::query {

class SymbolList {
 public:
  static std::shared_ptr<const SymbolList> open(const locate::ModuleFiles& files,
                                                snapshot::Arch arch);

  /// Ascending by address (an RVA); names are mangled and borrowed from this.
  const std::vector<symbols::Symbol>& all() const { return table_.symbols; }
  /// Index of the first whose RVA is not less.
  size_t lower_bound(uint64_t rva) const;

 private:
  std::vector<std::unique_ptr<symbols::Source>> sources_;  ///< keep the names alive
  symbols::SymbolTable table_;
};

}  // namespace inquest::query
