/// Names of functions: the linker's (public symbols), and those of inlined functions (IPI).
///
/// One thread at a time.
#pragma once

#include <string>
#include <unordered_map>

#include "symbols/pdb/pdb_file.h"
#include "symbols/pdb/type_records.h"
#include "symbols/unit_symbols.h"

namespace inquest::symbols::pdb {

/// The public symbols, in the order of their addresses.
/// Source: LLVM "The PDB Public Symbol Stream".
class Publics {
 public:
  explicit Publics(std::shared_ptr<const PdbFile> pdb);

  struct Public {
    std::string name = {};
    uint32_t rva = 0;
    uint32_t flags = 0;  ///< 1: code, 2: function
  };
  size_t count() const { return count_; }
  std::optional<Public> get(size_t index);
  /// Names of all public symbols at an address; a few of them when identical code was folded.
  std::vector<std::string> at(uint32_t rva);

 private:
  std::optional<uint32_t> rva(size_t index);
  Bytes record(size_t index);

  std::shared_ptr<const PdbFile> pdb_;
  uint64_t map_at_ = 0;
  size_t count_ = 0;
  std::vector<std::byte> scratch_, map_scratch_;
};

class Names {
 public:
  explicit Names(std::shared_ptr<const PdbFile> pdb);

  /// `recorded` is the name that the compiler gave, qualified but without parameters; the linker's
  /// is better where it is of the same function.
  FunctionName function(uint32_t rva, std::string_view recorded);
  /// By id; "" when unknown. "ns::Class::method". `imports`: of the module that speaks, for ids
  /// that stand in another one.
  std::string inlinee(uint32_t id, Bytes imports);

 private:
  using Exports = std::unordered_map<uint32_t, uint32_t>;  // a module's own id -> the PDB's
  uint32_t imported(uint32_t id, Bytes imports);
  const Exports& exports_of(std::string_view module_name);
  std::string name_of_id(uint32_t id);
  std::string scope_of(uint32_t id);

  std::shared_ptr<const PdbFile> pdb_;
  Publics publics_;
  TypeRecords ids_, types_;
  std::unordered_map<uint32_t, std::string> inlinees_;
  std::unordered_map<std::string, uint32_t> modules_;  // by name in lower case
  std::unordered_map<uint32_t, Exports> exports_;      // by module
};

}  // namespace inquest::symbols::pdb
