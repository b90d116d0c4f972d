// A PDB. A unit is a module (an object file): the module's stream is read when an address falls
// into its contributions.
#include "symbols/cache/image_format.h"
#include "symbols/pdb/names.h"
#include "symbols/pdb/pdb_file.h"
#include "symbols/pdb/types.h"
#include "symbols/pdb/unit_reader.h"
#include "symbols/source.h"

namespace inquest::symbols {
namespace {

using pdb::PdbFile;

class PdbSource final : public Source {
 public:
  PdbSource(std::shared_ptr<const MappedFile> file, Result<std::shared_ptr<const PdbFile>> opened)
      : file_(std::move(file)) {
    if (opened) {
      pdb_ = std::move(*opened);
    } else {
      problem_ = {opened.error().line(), "find the PDB of this build again, or rebuild it"};
    }
  }

  uint32_t kinds() const override { return pdb_ ? image::kFromPdb : 0u; }
  bool describes_code() const override { return pdb_ && !pdb_->contributions().empty(); }
  uint64_t bytes() const override { return file_->bytes().size(); }

  uint32_t unit_at(uint32_t rva) override {
    const Interval* part = find(pdb_->contributions(), rva);
    return part ? part->owner : kNone;
  }

  UnitSymbols unit(uint32_t module) override {
    std::vector<CodeRange> owned;
    for (const Interval& part : pdb_->contributions()) {
      if (part.owner == module) owned.push_back({part.begin, part.end});
    }
    return pdb::read_unit(*pdb_, names(), module, owned);
  }

  uint32_t each_unit(const Add& add) override {
    std::vector<std::vector<CodeRange>> owned(pdb_->modules().size());
    for (const Interval& part : pdb_->contributions()) {
      owned[part.owner].push_back({part.begin, part.end});
    }
    for (uint32_t module = 0; module < owned.size(); ++module) {
      if (!owned[module].empty()) add(pdb::read_unit(*pdb_, names(), module, owned[module]));
    }
    return 0;
  }

  std::string compiler(uint32_t module) override { return pdb::compiler_of(*pdb_, module); }

  std::shared_ptr<const inquest::pdb::SourceLinks> source_links() override {
    return pdb_ ? inquest::pdb::read_source_links(pdb_->msf()) : nullptr;
  }

  void add_symbols(std::vector<SymbolClaim>& out, std::deque<std::string>& made) override {
    if (!pdb_) return;
    pdb::Publics publics(pdb_);
    for (size_t i = 0; i < publics.count(); ++i) {
      auto symbol = publics.get(i);
      if (!symbol) continue;
      made.push_back(std::move(symbol->name));
      constexpr uint32_t kCodeOrFunction = 3;
      out.push_back({.symbol = {.name = made.back(),
                                .address = symbol->rva,
                                .is_function = (symbol->flags & kCodeOrFunction) != 0},
                     .end = pdb_->section_end(symbol->rva)});
    }
  }

  std::unique_ptr<TypeReader> open_types(const ObjectAt&) const override {
    return pdb_ ? pdb::open_types(pdb_) : nullptr;
  }

  std::vector<Warning> warnings() const override {
    return problem_ ? std::vector{*problem_} : std::vector<Warning>{};
  }

 private:
  pdb::Names& names() {
    if (!names_) names_.emplace(pdb_);
    return *names_;
  }

  std::shared_ptr<const MappedFile> file_;
  std::shared_ptr<const PdbFile> pdb_;  // null when it cannot be read
  std::optional<Warning> problem_;
  std::optional<pdb::Names> names_;
};

}  // namespace

std::unique_ptr<Source> open_pdb_source(const locate::ModuleFiles& files) {
  if (!files.pdb) return nullptr;
  return std::make_unique<PdbSource>(files.pdb, PdbFile::open(files.pdb));
}

}  // namespace inquest::symbols
