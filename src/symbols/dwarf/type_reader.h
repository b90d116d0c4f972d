/// Types and variables from DWARF.
#pragma once

#include <memory>

#include "symbols/source.h"

namespace inquest::symbols {

/// A file with DWARF must be there. Reads nothing until it is asked.
std::unique_ptr<TypeReader> open_type_reader(const locate::ModuleFiles& files, ObjectAt object_at);

}  // namespace inquest::symbols
