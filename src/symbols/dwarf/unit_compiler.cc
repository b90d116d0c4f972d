#include "symbols/dwarf/unit_compiler.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "symbols/dwarf/dies.h"
#include "symbols/local_names.h"

namespace inquest::symbols {

using namespace llvm::dwarf;

namespace {

/// Of one unit: DIEs of a hostile file may all share one long range list.
constexpr size_t kMostRanges = 8 << 20;

/// The parts of [begin, end) that lie in `owned`.
template <class Each>
void intersect(CodeRange range, const std::vector<CodeRange>& owned, Each each) {
  auto part = std::upper_bound(owned.begin(), owned.end(), range.begin,
                               [](uint32_t at, const CodeRange& o) { return at < o.end; });
  for (; part != owned.end() && part->begin < range.end; ++part) {
    each(CodeRange{std::max(part->begin, range.begin), std::min(part->end, range.end)});
  }
}

bool is_c(uint64_t language) {
  switch (language) {
    case DW_LANG_C89:
    case DW_LANG_C:
    case DW_LANG_C99:
    case DW_LANG_C11:
    case DW_LANG_C17:
    case DW_LANG_Mips_Assembler:
      return true;
    default:
      return false;
  }
}

/// One unit on its way.
class Compilation {
 public:
  Compilation(Dies& dies, const CodeLayout& layout, const LocalNames& local_names,
              const std::vector<CodeRange>& owned)
      : dies_(dies), layout_(layout), local_names_(local_names), owned_(owned) {}

  UnitSymbols run(llvm::DWARFUnit& unit, std::string* missing_dwo);

 private:
  struct Node {
    uint32_t function = kNone;
    uint32_t call = kNone;
  };

  Node add_function(const llvm::DWARFDie& die);
  Node add_call(const llvm::DWARFDie& die, Node parent);
  bool has_code(const llvm::DWARFDie& die) const;
  std::vector<CodeRange> code_of(const llvm::DWARFDie& die);
  uint32_t name_of(const llvm::DWARFDie& die);
  uint32_t file_of(uint64_t index);
  void group_calls();
  void add_lines();
  void add_sequence(const llvm::DWARFDebugLine::Sequence& sequence);

  Dies& dies_;
  const CodeLayout& layout_;
  const LocalNames& local_names_;
  const std::vector<CodeRange>& owned_;
  const llvm::DWARFDebugLine::LineTable* lines_ = nullptr;
  std::string folder_;  // DW_AT_comp_dir
  bool is_c_ = false;
  size_t ranges_read_ = 0;
  std::vector<uint32_t> callers_;  // of out_.calls: the function that each is inlined into
  std::unordered_map<const llvm::DWARFDebugInfoEntry*, uint32_t> names_;
  std::unordered_map<uint64_t, uint32_t> files_;  // by index in the line table
  UnitSymbols out_;
};

bool Compilation::has_code(const llvm::DWARFDie& die) const {
  const llvm::DWARFAbbreviationDeclaration* abbreviation = die.getAbbreviationDeclarationPtr();
  return abbreviation->findAttributeIndex(DW_AT_low_pc) ||
         abbreviation->findAttributeIndex(DW_AT_ranges);
}

std::vector<CodeRange> Compilation::code_of(const llvm::DWARFDie& die) {
  std::vector<CodeRange> code;
  if (ranges_read_ > kMostRanges) return code;
  auto ranges = die.getAddressRanges();
  if (!ranges) {
    ignore(ranges.takeError());
    return code;
  }
  ranges_read_ += ranges->size();
  for (const llvm::DWARFAddressRange& range : *ranges) {
    if (auto part = layout_.code(range.LowPC, range.HighPC)) code.push_back(*part);
  }
  return code;
}

uint32_t Compilation::name_of(const llvm::DWARFDie& die) {
  // Inlined calls share their abstract origin.
  llvm::DWARFDie key = dies_.referenced(die, DW_AT_abstract_origin);
  if (!key) key = die;
  auto [slot, is_new] = names_.try_emplace(key.getDebugInfoEntry(), out_.names.size());
  if (!is_new) return slot->second;
  FunctionName name;
  std::string_view linkage = dies_.inherited_string(key, DW_AT_linkage_name);
  if (linkage.empty()) linkage = dies_.inherited_string(key, DW_AT_MIPS_linkage_name);
  if (!linkage.empty()) {
    name = {.text = std::string(linkage), .is_linkage = true};
  } else {
    name.text = dies_.qualified_name(key);
    // `extern "C"` functions are linked by their name.
    bool top = name.text.find("::") == std::string::npos;
    name.is_linkage = top && (is_c_ || key.find(DW_AT_external).has_value());
  }
  out_.names.push_back(std::move(name));
  return slot->second;
}

uint32_t Compilation::file_of(uint64_t index) {
  auto [slot, is_new] = files_.try_emplace(index, kNone);
  if (!is_new || !lines_) return slot->second;
  std::string path;
  if (lines_->getFileNameByIndex(
          index, folder_, llvm::DILineInfoSpecifier::FileLineInfoKind::AbsoluteFilePath, path)) {
    slot->second = static_cast<uint32_t>(out_.files.size());
    out_.files.push_back(std::move(path));
  }
  return slot->second;
}

Compilation::Node Compilation::add_function(const llvm::DWARFDie& die) {
  if (!has_code(die)) return {};
  std::vector<CodeRange> code = code_of(die);
  Function function;
  function.code.first = static_cast<uint32_t>(out_.ranges.size());
  for (CodeRange range : code) {
    intersect(range, owned_, [&](CodeRange part) { out_.ranges.push_back(part); });
  }
  function.code.count = static_cast<uint32_t>(out_.ranges.size()) - function.code.first;
  if (function.code.count == 0) return {};
  function.entry = code.front();
  function.name = name_of(die);
  if (const FunctionName& name = out_.names[function.name]; !name.is_linkage && !is_c_) {
    std::string_view mangled = local_names_.at(function.entry.begin, name.text);
    if (!mangled.empty()) {
      function.name = static_cast<uint32_t>(out_.names.size());
      out_.names.push_back({.text = std::string(mangled), .is_linkage = true});
    }
  }
  out_.functions.push_back(function);
  return {static_cast<uint32_t>(out_.functions.size() - 1), kNone};
}

Compilation::Node Compilation::add_call(const llvm::DWARFDie& die, Node parent) {
  if (!has_code(die)) return {};
  InlinedCall call;
  call.code.first = static_cast<uint32_t>(out_.ranges.size());
  for (CodeRange range : code_of(die)) out_.ranges.push_back(range);
  call.code.count = static_cast<uint32_t>(out_.ranges.size()) - call.code.first;
  if (call.code.count == 0) return {};
  call.parent = parent.call;
  call.name = name_of(die);
  if (auto file = toUnsigned(die.find(DW_AT_call_file))) call.file = file_of(*file);
  call.line = static_cast<uint32_t>(toUnsigned(die.find(DW_AT_call_line), 0));
  call.column = static_cast<uint32_t>(toUnsigned(die.find(DW_AT_call_column), 0));
  out_.calls.push_back(call);
  callers_.push_back(parent.function);
  return {parent.function, static_cast<uint32_t>(out_.calls.size() - 1)};
}

/// Makes the calls of each function a run. They come in order, but for the functions that stand
/// inside another one, such as the members of its local classes.
void Compilation::group_calls() {
  std::vector<uint32_t> order(out_.calls.size());
  std::iota(order.begin(), order.end(), 0);
  if (!std::is_sorted(callers_.begin(), callers_.end())) {
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t a, uint32_t b) { return callers_[a] < callers_[b]; });
    std::vector<uint32_t> place(order.size());
    for (uint32_t i = 0; i < order.size(); ++i) place[order[i]] = i;
    std::vector<InlinedCall> sorted;
    sorted.reserve(order.size());
    for (uint32_t from : order) {
      sorted.push_back(out_.calls[from]);
      if (sorted.back().parent != kNone) sorted.back().parent = place[sorted.back().parent];
    }
    out_.calls = std::move(sorted);
  }
  for (uint32_t i = 0; i < order.size(); ++i) {
    Function& function = out_.functions[callers_[order[i]]];
    if (function.call_count++ == 0) function.first_call = i;
  }
}

void Compilation::add_sequence(const llvm::DWARFDebugLine::Sequence& sequence) {
  auto code = layout_.code(sequence.LowPC, sequence.HighPC);
  if (!code || sequence.LastRowIndex > lines_->Rows.size()) return;
  // One row an address. Of several the last holds, but one that begins a statement goes before
  // one that does not, as gdb has it.
  struct Row {
    LineRow row;
    bool is_statement;
  };
  std::vector<Row> rows;
  for (unsigned i = sequence.FirstRowIndex; i < sequence.LastRowIndex; ++i) {
    const llvm::DWARFDebugLine::Row& raw = lines_->Rows[i];
    if (raw.EndSequence) break;
    // Code without a line belongs to the one before it, as gdb has it.
    if (raw.Line == 0) continue;
    uint64_t rva = raw.Address.Address - layout_.base();
    if (rva < code->begin || rva >= code->end) continue;
    Row row{.row = {.address = static_cast<uint32_t>(rva),
                    .file = file_of(raw.File),
                    .line = raw.Line,
                    .column = raw.Column},
            .is_statement = raw.IsStmt != 0};
    if (!rows.empty() && rows.back().row.address > row.row.address) continue;
    if (!rows.empty() && rows.back().row.address == row.row.address) {
      if (rows.back().is_statement && !row.is_statement) continue;
      rows.back() = row;
    } else {
      rows.push_back(row);
    }
  }
  if (rows.empty()) return;
  intersect(*code, owned_, [&](CodeRange part) {
    auto row = std::upper_bound(rows.begin(), rows.end(), part.begin,
                                [](uint32_t at, const Row& r) { return at < r.row.address; });
    if (row != rows.begin()) --row;
    LineRun run{.code = part, .first = static_cast<uint32_t>(out_.rows.size())};
    for (; row != rows.end() && row->row.address < part.end; ++row) {
      LineRow next = row->row;
      next.address = std::max(next.address, part.begin);
      if (run.count > 0) {
        const LineRow& before = out_.rows.back();
        if (before.file == next.file && before.line == next.line && before.column == next.column) {
          continue;
        }
      }
      out_.rows.push_back(next);
      ++run.count;
    }
    if (run.count == 0) return;
    run.code.begin = out_.rows[run.first].address;
    out_.runs.push_back(run);
  });
}

void Compilation::add_lines() {
  if (!lines_) return;
  for (const auto& sequence : lines_->Sequences) add_sequence(sequence);
  // Sequences of a sound file do not overlap; of others the first wins.
  std::stable_sort(out_.runs.begin(), out_.runs.end(),
                   [](const LineRun& a, const LineRun& b) { return a.code.begin < b.code.begin; });
  uint32_t end = 0;
  std::erase_if(out_.runs, [&](const LineRun& run) {
    if (run.code.begin < end) return true;
    end = run.code.end;
    return false;
  });
}

UnitSymbols Compilation::run(llvm::DWARFUnit& unit, std::string* missing_dwo) {
  llvm::DWARFDie skeleton = dies_.head(unit);
  if (!skeleton) return {};
  folder_ = dies_.string(skeleton, DW_AT_comp_dir);
  llvm::DWARFDie root = dies_.root(unit, missing_dwo);
  lines_ = dies_.lines(unit);
  add_lines();
  if (!root) return std::move(out_);

  llvm::DWARFUnit* full = root.getDwarfUnit();
  is_c_ = is_c(toUnsigned(root.find(DW_AT_language), 0));
  // One pass over the unit's DIEs in their order; each knows the function or the inlined call
  // that it stands in by its parent.
  auto entries = dies_.entries(*full);
  std::vector<Node> nodes(entries.size());
  uint32_t i = 0;
  for (const llvm::DWARFDebugInfoEntry& entry : entries) {
    Node& node = nodes[i++];
    auto parent = entry.getParentIdx();
    if (parent && *parent < i) node = nodes[*parent];
    if (entry.getTag() == DW_TAG_subprogram) {
      node = add_function({full, &entry});
    } else if (entry.getTag() == DW_TAG_inlined_subroutine && node.function != kNone) {
      node = add_call({full, &entry}, node);
    }
  }
  group_calls();
  return std::move(out_);
}

}  // namespace

struct UnitCompiler::Impl {
  Impl(const locate::ModuleFiles& files, const CodeLayout& layout)
      : files(files), layout(layout), local_names(files, layout), dies(files) {}
  locate::ModuleFiles files;
  CodeLayout layout;
  LocalNames local_names;
  Dies dies;
  std::vector<std::string> missing_dwos;
};

UnitCompiler::UnitCompiler(const locate::ModuleFiles& files, const CodeLayout& layout)
    : impl_(std::make_unique<Impl>(files, layout)) {}
UnitCompiler::~UnitCompiler() = default;

UnitSymbols UnitCompiler::compile(uint64_t unit_offset, const std::vector<CodeRange>& owned) {
  llvm::DWARFUnit* unit = impl_->dies.unit(unit_offset);
  if (!unit) return {};
  std::string missing;
  UnitSymbols symbols =
      Compilation(impl_->dies, impl_->layout, impl_->local_names, owned).run(*unit, &missing);
  if (!missing.empty()) impl_->missing_dwos.push_back(std::move(missing));
  impl_->dies.release();
  return symbols;
}

const std::vector<std::string>& UnitCompiler::missing_dwos() const { return impl_->missing_dwos; }

}  // namespace inquest::symbols
