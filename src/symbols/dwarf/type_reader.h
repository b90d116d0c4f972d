/// Types and variables from DWARF.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "locate/locate.h"
#include "symbols/types.h"
#include "symbols/unit_symbols.h"

namespace inquest::symbols {

/// The object of the symbol tables that holds an address; absent when none.
using ObjectAt = std::function<std::optional<CodeRange>(uint32_t rva)>;

/// `files.debug` must be there. Reads nothing until it is asked.
std::unique_ptr<TypeReader> open_type_reader(const locate::ModuleFiles& files, ObjectAt object_at);

}  // namespace inquest::symbols
