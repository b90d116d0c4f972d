// The symbols of all modules: read a module at a time, when its turn comes.
#include <algorithm>

#include "query/sources.h"
#include "query/tables/tables.h"

namespace inquest::query {
namespace {

enum SymbolColumn : size_t { kSymbolAddress, kSymbolSize, kSymbolName, kLinkage, kKindOf, kModule };

class SymbolsCursor : public Cursor {
 public:
  SymbolsCursor(Sources& sources, const Constraints& constraints)
      : sources_(sources),
        wanted_(constraints.interval(kSymbolAddress)),
        is_over_(constraints.impossible() || wanted_.empty()) {
    if (const std::string* name = constraints.text(kModule)) module_name_ = *name;
  }

  bool next() override {
    if (is_over_) return false;
    ++symbol_;
    while (!list_ || symbol_ >= end_) {
      if (next_module_ >= sources_.snapshot().modules.size() || sources_.interrupted())
        return false;
      module_ = next_module_++;
      if (is_wanted(module())) enter();
    }
    return true;
  }

  void cell(size_t column, Cell& out) override {
    const symbols::Symbol& symbol = list_->all()[symbol_];
    switch (column) {
      case kSymbolAddress:
        return out.address(module().range.begin + symbol.address);
      case kSymbolSize:
        if (symbol.size != 0) out.integer(symbol.size);
        return;
      case kSymbolName:
        return out.text(symbols::demangle(std::string(symbol.name)));
      case kLinkage:
        return out.text(symbol.name);
      case kKindOf:
        return out.word(symbol.is_export ? "export" : symbol.is_function ? "function" : "object");
      case kModule:
        return out.text(module().file_name());
    }
  }

  int64_t row() const override { return static_cast<int64_t>(module_ << 32 | symbol_); }

 private:
  const snapshot::Module& module() const { return sources_.snapshot().modules[module_]; }

  bool is_wanted(const snapshot::Module& module) const {
    if (module_name_ && *module_name_ != module.file_name()) return false;
    auto least = static_cast<int64_t>(module.range.begin.value);
    auto last = static_cast<int64_t>(module.range.end.value - 1);
    return last < least || (wanted_.least <= last && wanted_.most >= least);
  }

  void enter() {
    list_ = sources_.symbols(module_);
    symbol_ = 0;
    end_ = list_->all().size();
    auto base = static_cast<int64_t>(module().range.begin.value);
    if (wanted_.least > base && base >= 0) {
      symbol_ = list_->lower_bound(static_cast<uint64_t>(wanted_.least - base));
    }
    if (wanted_.most >= base && base >= 0 && wanted_.most != INT64_MAX) {
      end_ = list_->lower_bound(static_cast<uint64_t>(wanted_.most - base) + 1);
    }
  }

  Sources& sources_;
  Interval wanted_;
  bool is_over_;
  std::optional<std::string> module_name_ = {};
  size_t next_module_ = 0, module_ = 0;
  std::shared_ptr<const SymbolList> list_ = {};
  size_t symbol_ = 0, end_ = 0;
};

class SymbolsTable : public Table {
 public:
  SymbolsTable()
      : Table("symbols",
              "the symbol tables of the modules; to name one address, call symbol_at(address)",
              {{"address", Type::address, "of its first byte", Search::range},
               {"size", Type::integer, "in bytes; NULL when not known"},
               {"name", Type::text, "demangled"},
               {"linkage", Type::text, "as it stands in the table"},
               {"kind", Type::text, "function, object; export: known by an export table alone"},
               {"module", Type::text, "modules.name", Search::equal, 1e4}}) {}

  std::unique_ptr<Cursor> open(Sources& sources, const Constraints& constraints) const override {
    return std::make_unique<SymbolsCursor>(sources, constraints);
  }
  double guessed_rows() const override { return 1e5; }
};

}  // namespace

std::unique_ptr<Table> symbols_table() { return std::make_unique<SymbolsTable>(); }

}  // namespace inquest::query
