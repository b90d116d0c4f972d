/// Breakpad's STACK CFI: rules in text, decoded for one instruction, then executed.
///
/// Source: Breakpad "symbol_files.md", "STACK CFI records". Borrows the texts of the FrameRules.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "format/breakpad/frame_rules.h"
#include "snapshot/registers.h"
#include "unwind/cfi/execute.h"
#include "unwind/words.h"

namespace inquest::unwind {

/// The rules in force at one instruction, as expressions in postfix.
struct TextRow {
  std::string_view cfa;
  std::string_view return_address;
  std::vector<std::pair<snapshot::Register, std::string_view>> registers;
  uint64_t begin = 0;  ///< RVA of the function
  size_t cost = 0;     ///< characters that were read for it
};

/// Absent when no function is described there, or not what is needed of it.
std::optional<TextRow> text_row(const breakpad::FrameRules& rules, uint64_t rva,
                                snapshot::Arch arch);

/// `windows`: which registers a call keeps depends on the system.
Executed execute(const TextRow& row, const snapshot::Registers& callee, Words& words, bool windows);

/// The register that a rule names, with or without "$"; absent when there is none such.
std::optional<snapshot::Register> register_of_rule(snapshot::Arch arch, std::string_view name);

}  // namespace inquest::unwind
