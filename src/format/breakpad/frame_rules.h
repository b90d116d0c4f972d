/// How to find the caller's frame, as Breakpad's STACK records, or a PDB's frame data, tell it.
///
/// Source: Breakpad "symbol_files.md" (STACK WIN, STACK CFI). Values; the strings are borrowed from
/// whoever filled the rules in. Safe from any thread once `sort` was called.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace inquest::breakpad {

/// STACK WIN: x86 only. Type 4 (frame data) has a program, type 0 (FPO) does not.
struct WinFrame {
  uint32_t begin = 0;  ///< RVA
  uint32_t size = 0;
  uint32_t prologue_size = 0;
  uint32_t epilogue_size = 0;
  uint32_t parameter_size = 0;
  uint32_t saved_register_size = 0;
  uint32_t local_size = 0;
  uint32_t max_stack_size = 0;
  std::string_view program = {};        ///< "$T0 $ebp = $eip $T0 4 + ^ = ..."; empty: none
  bool allocates_base_pointer = false;  ///< without a program: ebp was saved as well
};

/// STACK CFI INIT and what follows it.
struct CfiFrame {
  struct Delta {
    uint64_t rva = 0;
    std::string_view rules;
  };
  uint64_t begin = 0;  ///< RVA
  uint64_t size = 0;
  std::string_view rules;  ///< ".cfa: $rsp 8 + .ra: .cfa 8 - ^"
  uint32_t first_delta = 0, delta_count = 0;
};

struct FrameRules {
  std::vector<WinFrame> win;
  std::vector<CfiFrame> cfi;
  std::vector<CfiFrame::Delta> deltas;

  bool empty() const { return win.empty() && cfi.empty(); }
  /// By begin; the innermost of nested records is found by `win_at`.
  void sort();
  const WinFrame* win_at(uint64_t rva) const;  ///< frame data before FPO; null when none
  const CfiFrame* cfi_at(uint64_t rva) const;
};

}  // namespace inquest::breakpad
