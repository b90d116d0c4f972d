/// What one unit of debug information says about code, as plain values: functions, the calls
/// inlined into them, source lines. Every source (source.h) compiles to this; cache/image_builder
/// packs it. Addresses are RVAs of 32 bits: no module's code is larger.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace inquest::symbols {

inline constexpr uint32_t kNone = 0xffffffff;

/// Half-open: [begin, end).
struct CodeRange {
  uint32_t begin = 0;
  uint32_t end = 0;
  friend auto operator<=>(const CodeRange&, const CodeRange&) = default;
};

/// A run of `UnitSymbols::ranges`.
struct RangeRun {
  uint32_t first = 0;
  uint32_t count = 0;
};

struct FunctionName {
  std::string text;  ///< linkage name where there is one, else the qualified name
  bool is_linkage = false;
};

struct InlinedCall {
  uint32_t parent = kNone;  ///< index in `calls`; kNone: called by the function itself
  uint32_t name = 0;        ///< index in `names`
  uint32_t file = kNone;    ///< of the call, index in `files`
  uint32_t line = 0;
  uint32_t column = 0;
  RangeRun code = {};
};

struct Function {
  uint32_t name = 0;        ///< index in `names`
  CodeRange entry = {};     ///< the part that holds the entry point
  RangeRun code = {};       ///< all parts
  uint32_t first_call = 0;  ///< its calls are a run of `calls`, each after its parent
  uint32_t call_count = 0;
};

struct LineRow {
  uint32_t address = 0;
  uint32_t file = kNone;
  uint32_t line = 0;  ///< 0: no line
  uint32_t column = 0;
};

/// Rows of ascending addresses; the first is at code.begin, the last holds up to code.end.
struct LineRun {
  CodeRange code = {};
  uint32_t first = 0;  ///< in `rows`
  uint32_t count = 0;
};

struct UnitSymbols {
  std::vector<FunctionName> names;
  std::vector<std::string> files;
  std::vector<Function> functions;
  std::vector<InlinedCall> calls;
  std::vector<CodeRange> ranges;
  std::vector<LineRow> rows;
  std::vector<LineRun> runs;
};

/// One symbol of a symbol table, or of what stands in for one.
struct Symbol {
  std::string_view name;  ///< mangled; borrowed
  uint32_t address = 0;
  uint32_t size = 0;  ///< 0: not known
  bool is_function = false;
  bool is_export = false;  ///< from an export table alone: what lies far behind it may be another's
};

}  // namespace inquest::symbols
