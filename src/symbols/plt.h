/// Entries of the procedure linkage table, named after the functions that they jump to.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "format/elf/file.h"
#include "snapshot/registers.h"
#include "symbols/unit_symbols.h"

namespace inquest::symbols {

/// Symbols "foo@plt" for .plt, .plt.sec and .plt.got. Empty for architectures other than
/// x86-64 and AArch64. The names are kept in `names`.
std::vector<Symbol> plt_symbols(const elf::File& image, snapshot::Arch arch,
                                std::deque<std::string>& names);

}  // namespace inquest::symbols
