#include "format/breakpad/sym_file.h"

#include <algorithm>

#include "format/breakpad/fields.h"

namespace inquest::breakpad {
namespace {

/// INFO lines stand right behind MODULE; a file that hides them deeper does without.
constexpr int kMostHeadLines = 64;

/// Whether all of [begin, begin + size) has a 32-bit address.
bool fits(uint64_t begin, uint64_t size) {
  return begin <= UINT32_MAX && size <= UINT32_MAX - begin;
}

/// "FUNC [m] address size parameter_size name", behind "FUNC".
bool parse_function(Fields fields, FunctionPlace& out) {
  fields.accept("m");
  uint64_t begin = fields.hex(), size = fields.hex();
  fields.hex();
  out.name = fields.rest();
  if (!fields.good() || !fits(begin, size)) return false;
  out.begin = static_cast<uint32_t>(begin);
  out.size = static_cast<uint32_t>(size);
  return true;
}

/// "PUBLIC [m] address parameter_size name", behind "PUBLIC".
bool parse_public(Fields fields, PublicSymbol& out) {
  fields.accept("m");
  uint64_t address = fields.hex();
  fields.hex();
  out.name = fields.rest();
  out.address = static_cast<uint32_t>(address);
  return fields.good() && address <= UINT32_MAX && !out.name.empty();
}

/// "number name", behind FILE or INLINE_ORIGIN.
bool parse_name(Fields fields, NumberedNames& out) {
  uint32_t number = fields.decimal32();
  if (!fields.good()) return false;
  out.add(number, fields.rest());
  return true;
}

/// "INLINE level call_line call_file origin [address size]+", behind "INLINE".
bool parse_inline(Fields fields, FunctionBody& out) {
  InlineRecord call;
  call.level = fields.decimal32();
  call.call_line = fields.decimal32();
  call.call_file = fields.decimal32();
  call.origin = fields.decimal32();
  call.first_range = static_cast<uint32_t>(out.ranges.size());
  while (fields.good() && !fields.at_end()) {
    uint64_t begin = fields.hex(), size = fields.hex();
    if (!fields.good() || !fits(begin, size)) break;
    out.ranges.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(begin + size)});
  }
  call.range_count = static_cast<uint32_t>(out.ranges.size()) - call.first_range;
  if (call.range_count == 0) return false;
  out.calls.push_back(call);
  return true;
}

bool parse_line(Fields fields, FunctionBody& out) {
  uint64_t begin = fields.hex(), size = fields.hex();
  LineRecord line{.line = fields.decimal32(), .file = fields.decimal32()};
  if (!fields.good() || !fits(begin, size)) return false;
  line.begin = static_cast<uint32_t>(begin);
  line.size = static_cast<uint32_t>(size);
  out.lines.push_back(line);
  return true;
}

bool begins_record(std::string_view line) {
  for (std::string_view keyword : {"FUNC ", "PUBLIC ", "STACK ", "FILE ", "MODULE ", "INFO "}) {
    if (line.starts_with(keyword)) return true;
  }
  return false;
}

}  // namespace

void NumberedNames::add(uint32_t number, std::string_view name) {
  if (!entries_.empty() && number <= entries_.back().number) sorted_ = false;
  entries_.push_back({number, name});
}

void NumberedNames::sort() {
  if (sorted_) return;
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return a.number < b.number; });
  sorted_ = true;
}

std::string_view NumberedNames::find(uint32_t number) const {
  auto at = std::lower_bound(entries_.begin(), entries_.end(), number,
                             [](const Entry& e, uint32_t n) { return e.number < n; });
  return at != entries_.end() && at->number == number ? at->name : std::string_view{};
}

Result<SymModule> read_module(Bytes text, const std::string& path) {
  Lines lines(text);
  std::string_view line;
  if (!lines.next(line) || !line.starts_with("MODULE ")) {
    return fail(Error{.what = "this is no Breakpad symbol file: its first line is not MODULE",
                      .file = path,
                      .offset = 0,
                      .advice = "make it anew with dump_syms"});
  }
  Fields fields(line.substr(6));
  SymModule module{.system = fields.word(),
                   .architecture = fields.word(),
                   .id = fields.word(),
                   .name = fields.rest()};
  for (int i = 0; i < kMostHeadLines && lines.next(line) && line.starts_with("INFO "); ++i) {
    if (line.starts_with("INFO CODE_ID ")) module.code_id = Fields(line.substr(12)).word();
  }
  return module;
}

SymIndex read_index(Bytes text) {
  SymIndex index;
  Lines lines(text);
  for (std::string_view line; lines.next(line);) {
    if (line.empty()) continue;
    bool good = true;
    switch (line[0]) {
      case 'F':
        if (line.starts_with("FUNC ")) {
          FunctionPlace place{.offset = lines.offset()};
          good = parse_function(Fields(line.substr(5)), place);
          if (good) index.functions.push_back(place);
        } else if (line.starts_with("FILE ")) {
          good = parse_name(Fields(line.substr(5)), index.files);
        }
        break;
      case 'P':
        if (line.starts_with("PUBLIC ")) {
          PublicSymbol symbol;
          good = parse_public(Fields(line.substr(7)), symbol);
          if (good) index.publics.push_back(symbol);
        }
        break;
      case 'I':
        if (line.starts_with("INLINE_ORIGIN ")) {
          good = parse_name(Fields(line.substr(14)), index.origins);
        }
        break;
      default:
        break;
    }
    if (!good) ++index.skipped;
  }
  index.files.sort();
  index.origins.sort();
  return index;
}

FunctionBody read_function(Bytes text, uint64_t offset) {
  FunctionBody body;
  Lines lines(text, offset);
  std::string_view line;
  if (!lines.next(line)) return body;  // FUNC itself
  while (lines.next(line) && !begins_record(line)) {
    if (line.empty() || line.starts_with("INLINE_ORIGIN ")) continue;
    bool good = line.starts_with("INLINE ") ? parse_inline(Fields(line.substr(7)), body)
                                            : parse_line(Fields(line), body);
    if (!good) ++body.skipped;
  }
  return body;
}

}  // namespace inquest::breakpad
