/// Mangled names of functions that only their unit sees, by address.
///
/// Compilers often leave the linkage name of these out of the debug information, lambdas among
/// them; the symbol table has it. Names are borrowed from the files. Immutable.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "locate/locate.h"
#include "symbols/code_layout.h"

namespace inquest::symbols {

class LocalNames {
 public:
  LocalNames(const locate::ModuleFiles& files, const CodeLayout& layout);

  /// Of the function that begins at `rva` and is called `name` in the debug information; empty
  /// when there is none.
  std::string_view at(uint32_t rva, std::string_view name) const;

 private:
  std::vector<std::pair<uint32_t, std::string_view>> names_;
};

}  // namespace inquest::symbols
