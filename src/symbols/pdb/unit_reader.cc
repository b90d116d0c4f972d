#include "symbols/pdb/unit_reader.h"

#include <algorithm>
#include <unordered_map>

#include "symbols/pdb/codeview.h"
#include "symbols/pdb/inline_site.h"
#include "symbols/pdb/lines.h"

namespace inquest::symbols::pdb {
namespace {

/// Deeper nests of inlined calls are a damaged file's.
constexpr size_t kMostNested = 128;

class UnitReader {
 public:
  UnitReader(const PdbFile& pdb, Names& names, const ModuleInfo& module, Bytes stream)
      : pdb_(pdb),
        names_(names),
        symbols_(stream.first(std::min<size_t>(stream.size(), module.symbol_bytes))) {
    lines_ = read_lines(pdb, c13_of(module, stream));
  }

  UnitSymbols read(const std::vector<CodeRange>& owned);

 private:
  /// An inlined call whose end has not been seen. kNone: it has no code, its inner calls are the
  /// caller's.
  struct Site {
    uint32_t call = kNone;
    std::vector<LinePiece> lines;
  };

  void add_procedure(Cursor cursor);
  void add_thunk(Cursor cursor);
  void add_separated(Cursor cursor);
  void add_function(uint32_t begin, uint64_t size, FunctionName name);
  void begin_site(Cursor cursor, bool counts_invocations);
  void end_function();
  void clip_functions(const std::vector<CodeRange>& owned);
  uint32_t file(uint32_t checksum);
  uint32_t inlinee_name(uint32_t id);
  uint32_t add_ranges(const std::vector<LinePiece>& lines);

  const PdbFile& pdb_;
  Names& names_;
  Bytes symbols_;
  ModuleLines lines_;
  UnitSymbols out_;
  std::unordered_map<uint32_t, uint32_t> files_;          // checksum offset -> index
  std::unordered_map<uint32_t, uint32_t> inlinee_names_;  // id -> index
  std::vector<Site> open_;
  size_t too_deep_ = 0;
  bool in_function_ = false;
  std::vector<std::vector<LinePiece>> inlined_lines_;  // by depth, of all functions
};

uint32_t UnitReader::file(uint32_t checksum) {
  auto [slot, is_new] = files_.try_emplace(checksum, kNone);
  if (is_new) {
    std::string_view path = file_name(pdb_, lines_.checksums, checksum);
    if (!path.empty()) {
      slot->second = static_cast<uint32_t>(out_.files.size());
      out_.files.emplace_back(path);
    }
  }
  return slot->second;
}

uint32_t UnitReader::inlinee_name(uint32_t id) {
  auto [slot, is_new] = inlinee_names_.try_emplace(id, kNone);
  if (is_new) {
    slot->second = static_cast<uint32_t>(out_.names.size());
    out_.names.push_back({names_.inlinee(id, lines_.imports), false});
  }
  return slot->second;
}

void UnitReader::end_function() {
  open_.clear();
  too_deep_ = 0;
  if (!in_function_) return;
  in_function_ = false;
  Function& function = out_.functions.back();
  function.call_count = static_cast<uint32_t>(out_.calls.size()) - function.first_call;
}

void UnitReader::add_function(uint32_t begin, uint64_t size, FunctionName name) {
  end_function();
  const uint32_t end = begin + static_cast<uint32_t>(std::min<uint64_t>(size, UINT32_MAX - begin));
  Function function;
  function.name = static_cast<uint32_t>(out_.names.size());
  out_.names.push_back(std::move(name));
  function.entry = {begin, end};
  function.code = {static_cast<uint32_t>(out_.ranges.size()), 1};
  out_.ranges.push_back(function.entry);
  function.first_call = static_cast<uint32_t>(out_.calls.size());
  out_.functions.push_back(function);
  in_function_ = true;
}

void UnitReader::add_procedure(Cursor cursor) {
  auto head = cursor.read<ProcedureHead>();
  std::string_view name = cursor.c_string();
  auto begin = pdb_.rva(head.section, head.offset);
  end_function();
  if (cursor.failed() || !begin) return;
  add_function(*begin, head.size, names_.function(*begin, name));
}

void UnitReader::add_thunk(Cursor cursor) {
  auto head = cursor.read<ThunkHead>();
  std::string_view name = cursor.c_string();
  auto begin = pdb_.rva(head.section, head.offset);
  end_function();
  if (cursor.failed() || !begin) return;
  add_function(*begin, head.size, {std::string(name), false});
}

/// Code that was moved away from its function; it has the function's name.
void UnitReader::add_separated(Cursor cursor) {
  auto head = cursor.read<SeparatedCode>();
  auto begin = pdb_.rva(head.section, head.offset);
  auto parent = pdb_.rva(head.parent_section, head.parent_offset);
  if (cursor.failed() || !begin || !parent) return;
  // It stands behind the function that it belongs to.
  for (size_t i = out_.functions.size(); i-- > 0 && i + 8 > out_.functions.size();) {
    const Function& function = out_.functions[i];
    if (*parent < function.entry.begin || *parent >= function.entry.end) continue;
    FunctionName name = out_.names[function.name];
    add_function(*begin, head.size, std::move(name));
    end_function();
    return;
  }
}

uint32_t UnitReader::add_ranges(const std::vector<LinePiece>& lines) {
  const auto first = static_cast<uint32_t>(out_.ranges.size());
  for (const LinePiece& piece : lines) {
    if (out_.ranges.size() > first && piece.code.begin <= out_.ranges.back().end) {
      out_.ranges.back().end = std::max(out_.ranges.back().end, piece.code.end);
    } else {
      out_.ranges.push_back(piece.code);
    }
  }
  return first;
}

void UnitReader::begin_site(Cursor cursor, bool counts_invocations) {
  if (open_.size() >= kMostNested) {
    ++too_deep_;
    return;
  }
  auto head = cursor.read<InlineSiteHead>();
  if (counts_invocations) cursor.skip(4);
  Site site;
  auto start = lines_.inlinees.find(head.inlinee);
  if (in_function_ && !cursor.failed()) {
    site.lines = read_annotations(
        cursor.take(cursor.remaining()), out_.functions.back().entry,
        start == lines_.inlinees.end() ? InlineeLine{UINT32_MAX, 0} : start->second);
  }
  const Site* caller = nullptr;
  for (size_t i = open_.size(); i-- > 0 && !caller;) {
    if (open_[i].call != kNone) caller = &open_[i];
  }
  if (!site.lines.empty()) {
    InlinedCall call;
    call.parent = caller ? caller->call : kNone;
    call.name = inlinee_name(head.inlinee);
    const LinePiece* at =
        line_at(caller ? caller->lines : lines_.pieces, site.lines.front().code.begin);
    if (at) {
      call.file = file(at->file);
      call.line = at->line;
      call.column = at->column;
    }
    call.code.first = add_ranges(site.lines);
    call.code.count = static_cast<uint32_t>(out_.ranges.size()) - call.code.first;
    site.call = static_cast<uint32_t>(out_.calls.size());
    out_.calls.push_back(call);
    if (inlined_lines_.size() <= open_.size()) inlined_lines_.resize(open_.size() + 1);
    auto& layer = inlined_lines_[open_.size()];
    layer.insert(layer.end(), site.lines.begin(), site.lines.end());
  }
  open_.push_back(std::move(site));
}

/// Leaves each function the code that is the module's and no earlier function's. One pass, however
/// much functions of a damaged file overlap.
void UnitReader::clip_functions(const std::vector<CodeRange>& owned) {
  std::vector<Interval> claims;
  for (uint32_t i = 0; i < out_.functions.size(); ++i) {
    claims.push_back({out_.functions[i].entry.begin, out_.functions[i].entry.end, i});
  }
  std::vector<Interval> parts;
  auto own = owned.begin();
  for (const Interval& claim : flatten(std::move(claims))) {
    while (own != owned.end() && own->end <= claim.begin) ++own;
    for (auto at = own; at != owned.end() && at->begin < claim.end; ++at) {
      parts.push_back(
          {std::max(at->begin, claim.begin), std::min(at->end, claim.end), claim.owner});
    }
  }
  std::stable_sort(parts.begin(), parts.end(),
                   [](const Interval& a, const Interval& b) { return a.owner < b.owner; });
  auto part = parts.begin();
  for (uint32_t i = 0; i < out_.functions.size(); ++i) {
    const auto first = static_cast<uint32_t>(out_.ranges.size());
    for (; part != parts.end() && part->owner == i; ++part) {
      out_.ranges.push_back({part->begin, part->end});
    }
    out_.functions[i].code = {first, static_cast<uint32_t>(out_.ranges.size()) - first};
  }
}

UnitSymbols UnitReader::read(const std::vector<CodeRange>& owned) {
  Records records(symbols_, std::min<uint64_t>(4, symbols_.size()));  // behind the signature
  for (Record r; records.next(r);) {
    Cursor cursor(r.data, "symbol record");
    if (is_procedure(r.kind)) add_procedure(cursor);
    switch (r.kind) {
      case S_THUNK32:
        add_thunk(cursor);
        break;
      case S_SEPCODE:
        add_separated(cursor);
        break;
      case S_INLINESITE:
      case S_INLINESITE2:
        begin_site(cursor, r.kind == S_INLINESITE2);
        break;
      case S_INLINESITE_END:
        if (too_deep_) {
          --too_deep_;
        } else if (!open_.empty()) {
          open_.pop_back();
        }
        break;
      default:
        break;
    }
  }
  end_function();

  // The innermost line wins.
  std::vector<LinePiece> pieces;
  for (size_t depth = inlined_lines_.size(); depth-- > 0;) {
    pieces.insert(pieces.end(), inlined_lines_[depth].begin(), inlined_lines_[depth].end());
  }
  pieces.insert(pieces.end(), lines_.pieces.begin(), lines_.pieces.end());
  for (LinePiece& piece : pieces) piece.file = file(piece.file);
  clip_functions(owned);
  add_line_runs(std::move(pieces), owned, out_);
  return std::move(out_);
}

}  // namespace

UnitSymbols read_unit(const PdbFile& pdb, Names& names, uint32_t module,
                      const std::vector<CodeRange>& owned) {
  const ModuleInfo& info = pdb.modules()[module];
  if (info.stream == kNoStream16) return {};
  StreamBytes stream(pdb.msf(), info.stream);
  return UnitReader(pdb, names, info, stream.bytes()).read(owned);
}

}  // namespace inquest::symbols::pdb
