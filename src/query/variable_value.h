/// What a variable holds, where that fits a cell: numbers, pointers, enumerators.
///
/// Pure but for reading memory; safe from any thread.
#pragma once

#include <optional>
#include <string>

#include "snapshot/memory.h"
#include "symbols/types.h"
#include "unwind/unwind.h"

namespace inquest::query {

struct VariableValue {
  std::string text = {};            ///< "-3", "2.5", "true", "Red", "0x7f12"; empty for classes
  std::optional<uint64_t> pointer;  ///< what a pointer or reference points to
};

/// The innermost 8 bytes at the place, or the constant; absent when it cannot be read.
std::optional<uint64_t> raw_value(const symbols::Place& place, uint64_t size,
                                  const snapshot::Memory& memory, const unwind::Frame& frame);

VariableValue value_of(const symbols::TypeReader& types, symbols::TypeId type, uint64_t raw);

/// "int", "const game::Guild*"; empty when not known. Bounded in depth.
std::string type_name(const symbols::TypeReader& types, symbols::TypeId type);

}  // namespace inquest::query
