/// Types and variables from DWARF.
#pragma once

#include <memory>

#include "locate/locate.h"
#include "symbols/types.h"

namespace inquest::symbols {

/// `files.debug` must be there. Reads nothing until it is asked.
std::unique_ptr<TypeReader> open_type_reader(const locate::ModuleFiles& files,
                                             snapshot::Arch arch);

}  // namespace inquest::symbols
