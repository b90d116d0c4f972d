#include "symbols/pdb/variables.h"

#include "symbols/pdb/cv_registers.h"
#include "symbols/pdb/inline_site.h"
#include "symbols/pdb/simple_types.h"

namespace inquest::symbols::pdb {
namespace {

constexpr size_t kMostPdbVariables = 1 << 14;

struct FrameProcedure {
  le32 frame_bytes, padding_bytes, padding_offset, saved_bytes, handler_offset;
  le16 handler_section;
  le32 flags;
};
static_assert(sizeof(FrameProcedure) == 26);

/// Where a variable of S_LOCAL is; gaps follow.
struct DefinedRange {
  le32 offset;
  le16 section, size;
};

class VariableReader {
 public:
  VariableReader(const PdbFile& pdb, TypeGraph& types, Bytes symbols, uint32_t rva,
                 const FrameAccess& frame)
      : pdb_(pdb), types_(types), records_(symbols, 4), rva_(rva), frame_(frame) {}

  std::vector<Variable> read();
  uint32_t result_type() { return find_function() ? types_.result_type(function_type_) : 0; }

 private:
  bool find_function();
  /// Whether the scope that a record opens holds the address.
  bool holds(const Record& record) const;
  void take(const Record& record);
  void add_local(Cursor cursor);
  void add_relative(Cursor cursor, bool has_register);
  void add_register(Cursor cursor);
  void place(const Record& record);
  bool in_range(Cursor& cursor) const;
  Place at_register(std::optional<snapshot::Register> reg, int64_t offset) const;
  Variable& add(std::string_view name, uint32_t type);

  const PdbFile& pdb_;
  TypeGraph& types_;
  Records records_;
  uint32_t rva_;
  const FrameAccess& frame_;
  CodeRange function_;
  uint32_t function_type_ = 0;
  uint32_t parameters_left_ = 0;
  uint32_t frame_flags_ = 0;
  uint32_t inline_depth_ = 0;
  Variable* open_ = nullptr;  // S_LOCAL whose ranges follow
  std::vector<Variable> out_;
};

bool VariableReader::find_function() {
  for (Record r; records_.next(r);) {
    if (!is_procedure(r.kind)) continue;
    Cursor cursor(r.data);
    auto head = cursor.read<ProcedureHead>();
    auto begin = pdb_.rva(head.section, head.offset);
    if (cursor.failed() || !begin || rva_ < *begin || rva_ - *begin >= head.size) continue;
    function_ = {*begin, *begin + head.size};
    function_type_ = head.type;
    parameters_left_ = types_.parameter_count(head.type);
    return true;
  }
  return false;
}

bool VariableReader::holds(const Record& record) const {
  Cursor cursor(record.data);
  if (record.kind == S_BLOCK32) {
    cursor.skip(8);
    const uint32_t size = cursor.read<le32>(), offset = cursor.read<le32>();
    auto begin = pdb_.rva(cursor.read<le16>(), offset);
    return !cursor.failed() && begin && rva_ >= *begin && rva_ - *begin < size;
  }
  cursor.skip(sizeof(InlineSiteHead) + (record.kind == S_INLINESITE2 ? 4 : 0));
  for (const LinePiece& p : read_annotations(cursor.take(cursor.remaining()), function_, {})) {
    if (rva_ >= p.code.begin && rva_ < p.code.end) return true;
  }
  return false;
}

Variable& VariableReader::add(std::string_view name, uint32_t type) {
  Variable& v = out_.emplace_back();
  v.name = name;
  v.type = {type == kVoid ? 0 : type};
  v.is_artificial = name == "this";
  v.inline_depth = inline_depth_;
  return v;
}

Place VariableReader::at_register(std::optional<snapshot::Register> reg, int64_t offset) const {
  if (!reg || !frame_.reg) return {};
  auto value = frame_.reg(*reg);
  if (!value) return {.is_lost = true};
  uint64_t address = *value + static_cast<uint64_t>(offset);
  if (pdb_.machine() == kX86) address &= 0xffffffff;
  return {.kind = Place::Kind::memory, .value = address};
}

void VariableReader::add_local(Cursor cursor) {
  const uint32_t type = cursor.read<le32>();
  const uint16_t flags = cursor.read<le16>();
  std::string_view name = cursor.c_string();
  if (cursor.failed()) return;
  Variable& v = add(name, type);
  v.is_parameter = flags & 1;
  open_ = &v;
}

/// S_REGREL32 and S_BPREL32; parameters come first, `this` before them.
void VariableReader::add_relative(Cursor cursor, bool has_register) {
  const int32_t offset = cursor.read<sle32>();
  const uint32_t type = cursor.read<le32>();
  const auto reg = has_register ? register_of(pdb_.machine(), cursor.read<le16>())
                                : frame_register(pdb_.machine(), 2);
  std::string_view name = cursor.c_string();
  if (cursor.failed()) return;
  Variable& v = add(name, type);
  v.place = at_register(reg, offset);
  v.is_parameter = v.is_artificial || parameters_left_ > 0;
  if (!v.is_artificial && parameters_left_ > 0) --parameters_left_;
}

void VariableReader::add_register(Cursor cursor) {
  const uint32_t type = cursor.read<le32>();
  const auto reg = register_of(pdb_.machine(), cursor.read<le16>());
  std::string_view name = cursor.c_string();
  if (cursor.failed()) return;
  Variable& v = add(name, type);
  if (reg) v.place = {.kind = Place::Kind::in_register, .reg = *reg};
}

bool VariableReader::in_range(Cursor& cursor) const {
  auto range = cursor.read<DefinedRange>();
  auto begin = pdb_.rva(range.section, range.offset);
  if (cursor.failed() || !begin || rva_ < *begin || rva_ - *begin >= range.size) return false;
  while (cursor.remaining() >= 4) {
    const uint32_t gap = *begin + cursor.read<le16>();
    const uint32_t size = cursor.read<le16>();
    if (rva_ >= gap && rva_ - gap < size) return false;
  }
  return true;
}

/// A S_DEFRANGE_* record of the variable before it.
void VariableReader::place(const Record& record) {
  if (!open_) return;
  Cursor cursor(record.data);
  const uint16_t machine = pdb_.machine();
  // Bits 14-15: the register that locals are addressed by, 16-17: parameters.
  const uint32_t encoded = (frame_flags_ >> (open_->is_parameter ? 16 : 14)) & 3;
  Place place;
  bool whole_scope = false;
  switch (record.kind) {
    case S_DEFRANGE_REGISTER:
      if (auto reg = register_of(machine, cursor.read<le16>())) {
        place = {.kind = Place::Kind::in_register, .reg = *reg};
      }
      cursor.read<le16>();
      break;
    case S_DEFRANGE_FRAMEPOINTER_REL_FULL_SCOPE:
      whole_scope = true;
      [[fallthrough]];
    case S_DEFRANGE_FRAMEPOINTER_REL:
      place = at_register(frame_register(machine, encoded), cursor.read<sle32>());
      break;
    case S_DEFRANGE_REGISTER_REL: {
      const auto reg = register_of(machine, cursor.read<le16>());
      const uint16_t flags = cursor.read<le16>();
      const int32_t offset = cursor.read<sle32>();
      if ((flags & 1) == 0) place = at_register(reg, offset);  // not a part of something larger
      break;
    }
    default:
      return;
  }
  if (!cursor.failed() && (whole_scope || in_range(cursor))) open_->place = place;
}

void VariableReader::take(const Record& record) {
  Cursor cursor(record.data);
  const bool is_range =
      record.kind >= S_DEFRANGE_REGISTER && record.kind <= S_DEFRANGE_REGISTER_REL;
  if (is_range) return place(record);
  open_ = nullptr;
  switch (record.kind) {
    case S_FRAMEPROC:
      frame_flags_ = cursor.read<FrameProcedure>().flags;
      break;
    case S_LOCAL:
      return add_local(cursor);
    case S_REGREL32:
      return add_relative(cursor, true);
    case S_BPREL32:
      return add_relative(cursor, false);
    case S_REGISTER:
      return add_register(cursor);
    default:
      break;
  }
}

std::vector<Variable> VariableReader::read() {
  if (!find_function()) return {};
  size_t closed = 0;  // scopes open that do not hold the address
  std::vector<bool> inlined;
  for (Record r; out_.size() < kMostPdbVariables && records_.next(r);) {
    const bool is_site = r.kind == S_INLINESITE || r.kind == S_INLINESITE2;
    if (r.kind == S_BLOCK32 || is_site) {
      if (closed || !holds(r)) {
        ++closed;
      } else {
        inlined.push_back(is_site);
        inline_depth_ += is_site;
      }
    } else if (r.kind == S_END || r.kind == S_INLINESITE_END || r.kind == S_PROC_ID_END) {
      if (closed) {
        --closed;
      } else if (inlined.empty()) {
        break;  // the function's own end
      } else {
        inline_depth_ -= inlined.back();
        inlined.pop_back();
      }
    } else if (is_procedure(r.kind)) {
      break;
    } else if (!closed) {
      take(r);
    }
  }
  return std::move(out_);
}

}  // namespace

std::vector<Variable> variables_in(const PdbFile& pdb, TypeGraph& types, Bytes symbols,
                                   uint32_t rva, const FrameAccess& frame) {
  if (symbols.size() < 4) return {};
  return VariableReader(pdb, types, symbols, rva, frame).read();
}

uint32_t result_type_of(const PdbFile& pdb, TypeGraph& types, Bytes symbols, uint32_t rva) {
  if (symbols.size() < 4) return 0;
  const FrameAccess none;
  return VariableReader(pdb, types, symbols, rva, none).result_type();
}

}  // namespace inquest::symbols::pdb
