/// One kind of symbols of a module: DWARF, a PDB, Breakpad's text, a linker's map, an export table.
///
/// A source tells of code unit by unit (what a unit is, is its own affair: as little as it can read
/// alone), and of symbols all at once. It reads nothing before it is asked. One thread at a time,
/// except where a function says otherwise. Damaged parts read as absent. It shares the ownership of
/// its files.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "format/pdb/source_links.h"
#include "locate/locate.h"
#include "snapshot/registers.h"
#include "symbols/symbol_table.h"
#include "symbols/types.h"
#include "symbols/unit_symbols.h"

namespace inquest::symbols {

/// The object of the symbol tables that holds an address; absent when none.
using ObjectAt = std::function<std::optional<CodeRange>(uint32_t rva)>;

class Source {
 public:
  virtual ~Source() = default;

  /// The image::Sources bits of what is read here.
  virtual uint32_t kinds() const = 0;

  /// Whether it knows functions with lines, not symbols alone: only then is the rest asked.
  virtual bool describes_code() const { return false; }
  /// Bytes to read for everything: whether a compiled cache is worth its making.
  virtual uint64_t bytes() const { return 0; }
  /// Number of the unit that describes the address; kNone when none does.
  virtual uint32_t unit_at(uint32_t) { return kNone; }
  /// What a unit says, without what other units own: units never overlap.
  virtual UnitSymbols unit(uint32_t) { return {}; }
  /// All units. `add` is called for one at a time, from whatever thread. Returns further bits of
  /// image::Sources about what was not found.
  using Add = std::function<void(const UnitSymbols&)>;
  virtual uint32_t each_unit(const Add&) { return 0; }

  /// What compiled a unit: "Microsoft (R) Optimizing Compiler 19.13.26128.0"; empty when not known.
  virtual std::string compiler(uint32_t) { return {}; }

  /// Where the PDB says that sources can be had; null when it does not. Shared, as it may be long.
  virtual std::shared_ptr<const inquest::pdb::SourceLinks> source_links() { return nullptr; }

  /// Adds the symbols; names are borrowed from the files or made in `made`.
  virtual void add_symbols(std::vector<SymbolClaim>&, std::deque<std::string>&) {}

  /// Null when there are no types. `object_at` is called back later.
  virtual std::unique_ptr<TypeReader> open_types(const ObjectAt&) const { return nullptr; }
  /// What was missing so far. Safe while another thread reads.
  virtual std::vector<Warning> warnings() const { return {}; }
};

/// Those that the files allow, best first.
std::vector<std::unique_ptr<Source>> open_sources(const locate::ModuleFiles& files,
                                                  snapshot::Arch arch);
/// The first that describes code; null when none does.
Source* code_source(const std::vector<std::unique_ptr<Source>>& sources);
/// The bits of all.
uint32_t kinds_of(const std::vector<std::unique_ptr<Source>>& sources);

// The makers; null when the files have none of the kind.
std::unique_ptr<Source> open_dwarf_source(const locate::ModuleFiles& files);
std::unique_ptr<Source> open_pdb_source(const locate::ModuleFiles& files);
std::unique_ptr<Source> open_breakpad_source(const locate::ModuleFiles& files);
std::unique_ptr<Source> open_elf_source(const locate::ModuleFiles& files, snapshot::Arch arch);
std::unique_ptr<Source> open_map_source(const locate::ModuleFiles& files);
std::unique_ptr<Source> open_export_source(const locate::ModuleFiles& files);

}  // namespace inquest::symbols
