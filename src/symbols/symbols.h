/// The symbols of one module: functions, inlined calls, source lines, and (types.h) its types.
///
/// Looked up in the compiled symbol cache where there is one, else in DWARF, a PDB or Breakpad's
/// text, reading only the units that the addresses need, else in symbol tables, the linker's map
/// and the export table. Addresses are RVAs (see base/address.h). Source: DWARF 4, DWARF 5,
/// CodeView; both are parsed by LLVM, whose headers stay inside this room's sources.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "format/breakpad/frame_rules.h"
#include "locate/locate.h"
#include "snapshot/registers.h"

namespace inquest::symbols {

/// One function at an address: the innermost is the deepest inlined call, the last is the function
/// that was really called.
struct SourceFrame {
  std::string function;  ///< demangled, with parameters as c++filt prints them; empty if unknown
  std::string linkage = {};  ///< mangled; may be empty
  std::string file = {};     ///< absolute where the compiler said so; empty when not known
  uint32_t line = 0;         ///< 0 when not known
  uint32_t column = 0;
  bool inlined = false;
  Rva begin = {};     ///< entry of the (outer) function; for inlined ones of their range
  uint64_t size = 0;  ///< 0 when not known
  /// Named by an export table alone: far behind its begin it may be another function.
  bool is_export = false;
};

struct Options {
  /// Folder of compiled caches; empty: $XDG_CACHE_HOME/inquest/symbols (or ~/.cache/...).
  std::string cache = {};
  bool use_cache = true;
};

class TypeReader;

/// Owns what it needs of the files. `frames_at` and the others are safe from several threads.
class ModuleSymbols {
 public:
  /// Never fails: a module without usable symbols answers with nothing, and `warnings` says why.
  static std::unique_ptr<ModuleSymbols> open(const locate::ModuleFiles& files, snapshot::Arch arch,
                                             const Options& options = {});
  virtual ~ModuleSymbols() = default;

  /// Innermost first; empty when no function holds the address. For callers pass pc - 1.
  virtual std::vector<SourceFrame> frames_at(Rva rva) const = 0;
  /// RVA of a symbol by linkage name (exact), from the symbol tables; absent when none.
  virtual std::optional<Rva> find(std::string_view linkage_name) const = 0;
  /// The symbol (function or object) of the symbol tables that holds `rva`, with the distance.
  struct Nearest {
    std::string linkage;
    std::string name;
    uint64_t offset;
    uint64_t size;
    bool is_function;
    bool is_export = false;
  };
  virtual std::optional<Nearest> symbol_at(Rva rva) const = 0;
  /// What compiled the code at an address, name and version; empty when not known. From PDBs.
  virtual std::string compiler_at(Rva) const { return {}; }
  /// Where the source of a file can be had, as the PDB says (Source Link, a source server); `file`
  /// as in SourceFrame. Nothing is fetched.
  struct SourcePlace {
    std::string url = {};      ///< empty when there is none
    std::string command = {};  ///< of a source server that is no web server; for people
  };
  virtual SourcePlace source_place(std::string_view) const { return {}; }
  /// Types, variables, members; null when there is no DWARF or PDB. Borrowed; lives as long as
  /// this.
  virtual const TypeReader* types() const = 0;

  virtual std::vector<Warning> warnings() const = 0;
  /// True when answers come from the compiled cache.
  virtual bool cached() const = 0;
  /// Whether a compiled cache would help and is not there yet.
  virtual bool wants_compiling() const = 0;
};

/// Makes the compiled cache of one module; does nothing when a valid one is there. Reads all of the
/// module's debug information: seconds for hundreds of MB. Safe against other processes doing the
/// same.
Result<> compile_cache(const locate::ModuleFiles& files, snapshot::Arch arch,
                       const Options& options = {});

/// Itanium, Rust and Microsoft names, with parameters, without what the place already says (return
/// type, access, calling convention); what is not mangled comes back as it is.
std::string demangle(std::string_view linkage_name);

/// The rules to find callers by, of a Breakpad file, else of the PDB (x86: FPO and frame data);
/// null when there are none. Keeps what it needs of the files. Pass it on to unwind::RuleSource.
std::shared_ptr<const breakpad::FrameRules> read_frame_rules(const locate::ModuleFiles& files);

}  // namespace inquest::symbols
