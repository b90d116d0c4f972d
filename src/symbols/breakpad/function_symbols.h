/// Functions of a Breakpad file -> UnitSymbols.
#pragma once

#include <unordered_map>
#include <vector>

#include "format/breakpad/sym_file.h"
#include "symbols/unit_symbols.h"

namespace inquest::symbols {

/// Gathers any number of functions; one thread. Text and index are borrowed.
class FunctionSymbols {
 public:
  FunctionSymbols(Bytes text, const breakpad::SymIndex& index) : text_(text), index_(index) {}

  /// `owned`: the addresses that are the function's, sorted and disjoint.
  void add(const breakpad::FunctionPlace& place, const std::vector<CodeRange>& owned);
  UnitSymbols take() { return std::move(out_); }

 private:
  uint32_t name(std::string_view text);
  uint32_t file(uint32_t number);
  void add_calls(const breakpad::FunctionBody& body);
  void add_lines(const breakpad::FunctionBody& body, const std::vector<CodeRange>& owned);

  Bytes text_;
  const breakpad::SymIndex& index_;
  UnitSymbols out_;
  std::unordered_map<uint32_t, uint32_t> files_;  // number -> index in out_.files
};

}  // namespace inquest::symbols
