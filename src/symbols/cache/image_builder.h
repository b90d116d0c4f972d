/// Packs the symbols of units, and a symbol table, into a symbol image.
///
/// Add units in any order: what they claim must not overlap (the caller clips them to the
/// addresses that are theirs, see dwarf/unit_map.h). One thread.
#pragma once

#include <unordered_map>
#include <vector>

#include "symbols/cache/image_format.h"
#include "symbols/cache/string_pool.h"
#include "symbols/intervals.h"
#include "symbols/unit_symbols.h"

namespace inquest::symbols {

class ImageBuilder {
 public:
  void add(const UnitSymbols& unit);
  /// `ranges` are disjoint and name the symbols by index.
  void add(const std::vector<Symbol>& symbols, const std::vector<Interval>& ranges);

  /// The image in the order of the file: write them one after the other. Borrowed from the
  /// builder, which must not be used again for anything else.
  std::vector<Bytes> finish(Bytes build_id, uint32_t sources);

 private:
  void add_calls(const UnitSymbols& unit, const Function& function, size_t record);
  void add_lines(const UnitSymbols& unit);
  uint32_t name(const FunctionName& name);

  StringPool strings_;
  std::vector<image::FunctionRange> function_ranges_;
  std::vector<image::FunctionRecord> functions_;
  std::vector<unsigned char> calls_ = {0};  // offset 0 says "none"
  std::vector<image::LineBlock> line_blocks_;
  std::vector<unsigned char> line_rows_;
  std::vector<le32> files_;
  std::vector<image::SymbolRange> symbol_ranges_;
  std::vector<image::SymbolRecord> symbols_;
  std::vector<image::SymbolHash> symbol_hashes_;
  std::vector<le64> block_hashes_;
  image::Header header_{};

  std::vector<uint32_t> unit_names_;  // of the unit being added: name -> string reference
  std::vector<uint32_t> unit_files_;  // file -> index in files_
  std::vector<unsigned char> scratch_;
  std::unordered_map<uint32_t, uint32_t> file_index_;  // string offset -> index in files_
};

}  // namespace inquest::symbols
