// STACK WIN and STACK CFI.
#include "format/breakpad/fields.h"
#include "format/breakpad/sym_file.h"

namespace inquest::breakpad {
namespace {

/// "type rva size prologue epilogue parameters saved locals max_stack has_program rest".
bool parse_win(Fields fields, FrameRules& rules) {
  const uint64_t type = fields.hex();
  WinFrame frame;
  frame.begin = fields.hex32();
  frame.size = fields.hex32();
  frame.prologue_size = fields.hex32();
  frame.epilogue_size = fields.hex32();
  frame.parameter_size = fields.hex32();
  frame.saved_register_size = fields.hex32();
  frame.local_size = fields.hex32();
  frame.max_stack_size = fields.hex32();
  const bool has_program = fields.hex() != 0;
  if (!fields.good()) return false;
  if (has_program) {
    frame.program = fields.rest();
  } else {
    frame.allocates_base_pointer = fields.hex() != 0;
  }
  // Other types (trap, TSS, ...) say nothing of a caller.
  if (type != 0 && type != 4) return true;
  if (!fields.good()) return false;
  rules.win.push_back(frame);
  return true;
}

/// Behind "STACK CFI": "INIT address size rules" or "address rules", which belong to the INIT
/// before them.
bool parse_cfi(Fields fields, FrameRules& rules) {
  if (fields.accept("INIT")) {
    CfiFrame frame{.begin = fields.hex(), .size = fields.hex()};
    frame.rules = fields.rest();
    frame.first_delta = static_cast<uint32_t>(rules.deltas.size());
    if (!fields.good()) return false;
    rules.cfi.push_back(frame);
    return true;
  }
  CfiFrame::Delta delta{.rva = fields.hex()};
  delta.rules = fields.rest();
  if (!fields.good() || rules.cfi.empty()) return false;
  CfiFrame& frame = rules.cfi.back();
  if (frame.first_delta + frame.delta_count != rules.deltas.size()) return false;
  rules.deltas.push_back(delta);
  ++frame.delta_count;
  return true;
}

}  // namespace

FrameRules read_frame_rules(Bytes text, uint64_t* skipped) {
  FrameRules rules;
  uint64_t bad = 0;
  Lines lines(text);
  for (std::string_view line; lines.next(line);) {
    if (line.empty() || line[0] != 'S' || !line.starts_with("STACK ")) continue;
    std::string_view record = line.substr(6);
    if (record.starts_with("CFI ")) {
      bad += !parse_cfi(Fields(record.substr(4)), rules);
    } else if (record.starts_with("WIN ")) {
      bad += !parse_win(Fields(record.substr(4)), rules);
    } else {
      ++bad;
    }
  }
  rules.sort();
  if (skipped) *skipped = bad;
  return rules;
}

}  // namespace inquest::breakpad
