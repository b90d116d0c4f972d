/// What a whole module's DWARF declares at fixed places: its variables with storage, and where the
/// complete description of each named type is.
///
/// One pass over .debug_info (and .debug_types, and dwz's alternate file) by all cores, reading
/// abbreviations and the few attributes that matter and skipping the rest by their length; no DIE
/// is kept. Split units (.dwo) are only listed. Source: DWARF 4 and 5, chapter 7.
/// Damaged units read as ended. Value; immutable.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/integers.h"
#include "symbols/dwarf/dwarf_file.h"

namespace inquest::symbols {

struct DieIndex {
  struct Variable {
    std::string name = {};  ///< qualified by namespaces, classes and named functions
    uint64_t die = 0;       ///< its id, as type ids are made
    uint64_t type = 0;      ///< id; 0: it is not said in the same unit
    uint64_t address = 0;   ///< virtual address of the file; of thread-locals: in their block
    bool is_thread_local = false;
  };
  struct Definition {
    uint64_t hash = 0;  ///< of the qualified name: see hash_of
    uint64_t id = 0;
    friend auto operator<=>(const Definition&, const Definition&) = default;
  };
  struct Class {
    uint64_t size = 0;
    uint64_t id = 0;
    friend auto operator<=>(const Class&, const Class&) = default;
  };
  std::vector<Variable> variables = {};    ///< by kind and address
  std::vector<Definition> types = {};      ///< ascending, one of each hash
  std::vector<Definition> templates = {};  ///< hash of the name before '<'; one of each instance
  std::vector<Class> classes = {};         ///< complete, no unions; ascending, one of each name
  std::vector<uint64_t> skeletons = {};    ///< offsets of units whose rest is in another file
  bool has_type_units = false;             ///< their types may stand here by their stubs only

  /// The complete type of that name; 0 when none.
  uint64_t find(std::string_view qualified_name) const;
  /// All classes of a template, by its qualified name without arguments.
  std::vector<uint64_t> instances(std::string_view template_name) const;
  /// All classes of that many bytes.
  std::vector<uint64_t> classes_of_size(uint64_t size) const;
};

/// A section of units; ids in it are `space | offset`.
struct UnitSection {
  Bytes info;
  uint64_t space = 0;
  bool is_types = false;      ///< .debug_types of DWARF 4
  bool is_alternate = false;  ///< its strings are the alternate file's
};

/// `alternate_space`: of references into the alternate file.
DieIndex read_die_index(const DwarfFile& debug, const DwarfFile* alternate,
                        const std::vector<UnitSection>& sections, uint64_t alternate_space);

}  // namespace inquest::symbols
