/// Breakpad's text symbol files: bytes -> records, at the speed of memory.
///
/// A file is read in passes, each for one need: the module's identity (first lines only), an index
/// of what is where (one pass over the line ends), one function's lines and inlined calls, the
/// frame rules. Damaged lines are skipped and counted. Everything is borrowed from the bytes.
/// Addresses are RVAs; what lies beyond 32 bits is skipped. Source: Breakpad "symbol_files.md".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/integers.h"
#include "format/breakpad/frame_rules.h"

namespace inquest::breakpad {

/// MODULE and INFO.
struct SymModule {
  std::string_view system;        ///< "windows", "Linux", "mac"
  std::string_view architecture;  ///< "x86", "x86_64", "arm64"
  std::string_view id;            ///< GUID and age in hex, upper case
  std::string_view name;          ///< "app.pdb"
  std::string_view code_id;       ///< build id (ELF), time stamp and size (PE); may be empty
};
/// Fails when the first line is no MODULE line.
Result<SymModule> read_module(Bytes text, const std::string& path);

/// FILE and INLINE_ORIGIN: a name by its number.
class NumberedNames {
 public:
  void add(uint32_t number, std::string_view name);
  void sort();
  /// Empty when there is none. After `sort`.
  std::string_view find(uint32_t number) const;

 private:
  struct Entry {
    uint32_t number;
    std::string_view name;
  };
  std::vector<Entry> entries_;
  bool sorted_ = true;
};

struct FunctionPlace {
  uint32_t begin = 0;
  uint32_t size = 0;
  uint64_t offset = 0;    ///< of the FUNC line in the file
  std::string_view name;  ///< as recorded, mostly demangled
};
struct PublicSymbol {
  uint32_t address = 0;
  std::string_view name;
};

struct SymIndex {
  std::vector<FunctionPlace> functions;  ///< in the order of the file
  std::vector<PublicSymbol> publics;
  NumberedNames files;
  NumberedNames origins;
  uint64_t skipped = 0;  ///< damaged lines
};
SymIndex read_index(Bytes text);

struct LineRecord {
  uint32_t begin = 0;
  uint32_t size = 0;
  uint32_t line = 0;
  uint32_t file = 0;
};
struct InlineRecord {
  uint32_t level = 0;  ///< 0: called by the function itself
  uint32_t call_line = 0;
  uint32_t call_file = 0;
  uint32_t origin = 0;
  uint32_t first_range = 0, range_count = 0;
};
struct RangeRecord {
  uint32_t begin = 0, end = 0;
};
/// What follows a FUNC line.
struct FunctionBody {
  std::vector<LineRecord> lines;
  std::vector<InlineRecord> calls;
  std::vector<RangeRecord> ranges;
  uint64_t skipped = 0;
};
/// `offset` of the FUNC line.
FunctionBody read_function(Bytes text, uint64_t offset);

/// STACK WIN and STACK CFI, sorted. `skipped` counts damaged lines; may be null.
FrameRules read_frame_rules(Bytes text, uint64_t* skipped = nullptr);

}  // namespace inquest::breakpad
