/// Where a module's code is: turns virtual addresses of a file into RVAs, refusing what is no code.
///
/// Linkers leave the debug information of functions that they dropped, with addresses like 0, 1 or
/// -1: only what begins in an executable section is believed. Value; safe from any thread.
#pragma once

#include <optional>
#include <vector>

#include "locate/locate.h"
#include "symbols/unit_symbols.h"

namespace inquest::symbols {

class CodeLayout {
 public:
  static CodeLayout of(const locate::ModuleFiles& files);

  /// [begin, end) cut at the end of its section; absent when begin is not in code.
  std::optional<CodeRange> code(uint64_t begin, uint64_t end) const;
  uint64_t base() const { return base_; }

 private:
  struct Part {
    uint64_t begin, end;
  };
  void take(const pe::File& image);

  std::vector<Part> parts_;  // sorted, of virtual addresses
  uint64_t base_ = 0;
};

}  // namespace inquest::symbols
