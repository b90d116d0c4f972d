/// Reading the DIEs of a unit for what an index of the module keeps, and nothing else.
///
/// Attributes that do not matter are skipped by the length of their form. Source: DWARF 4 and 5,
/// chapter 7. For one thread; borrows the sections.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "symbols/dwarf/abbreviations.h"
#include "symbols/dwarf/die_index.h"

namespace inquest::symbols::die_index {

inline constexpr uint64_t kOffsetBasis = 0xcbf29ce484222325, kPrime = 0x100000001b3;

/// FNV-1a, because it goes on where a scope's hash ended.
inline uint64_t hash_on(uint64_t hash, std::string_view text) {
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
  return hash;
}
inline uint64_t hash_of(std::string_view text) { return hash_on(kOffsetBasis, text); }

struct Strings {
  Bytes str, line_str, offsets, address, alternate_str;
};

struct UnitPlace {
  const UnitSection* section = nullptr;
  UnitParameters parameters = {};
  uint64_t offset = 0, end = 0;  ///< in its section
  uint64_t first_die = 0;
  uint64_t abbreviations = 0;
};

/// A value as the form has it, and what it points into.
struct Value {
  uint64_t form = 0, number = 0;
  std::string_view text = {};
  Bytes block = {};
};

using Signatures = std::unordered_map<uint64_t, uint64_t>;

class DieReader {
 public:
  DieReader(const Strings& strings, Bytes abbreviations, const Signatures& signatures,
            uint64_t alternate_space)
      : strings_(strings),
        abbreviation_bytes_(abbreviations),
        signatures_(signatures),
        alternate_space_(alternate_space) {}

  void read(const UnitPlace& unit);
  DieIndex take() { return std::move(out_); }

 private:
  struct Scope {
    uint64_t hash = kOffsetBasis;
    std::string_view name = {};
    bool is_named = false;
  };
  struct Die {
    std::string_view name = {};
    uint64_t type = 0, origin = 0, size = 0;
    Bytes location = {};
    bool is_declaration = false, has_signature = false, has_dwo = false;
  };
  struct Declared {
    std::string name = {};
    uint64_t type = 0, scope_hash = kOffsetBasis;
    std::string_view last = {};
  };

  const std::vector<Abbreviation>& abbreviations(const UnitPlace& unit);
  Value value(Cursor& cursor, uint64_t form, int64_t implicit, bool want_text);
  uint64_t reference(const Value& value) const;
  Die read_die(Cursor& cursor, const Abbreviation& abbreviation);
  void take_unit_head(Cursor& cursor, const Abbreviation& abbreviation);
  void take_die(uint64_t at, const Abbreviation& abbreviation, const Die& die);
  void take_type(uint64_t at, const Abbreviation& abbreviation, const Die& die);
  void take_variable(uint64_t at, const Abbreviation& abbreviation, const Die& die);
  bool place(Bytes location, DieIndex::Variable& out) const;
  std::optional<uint64_t> indexed(uint64_t index) const;
  std::string scope_name() const;

  const Strings& strings_;
  Bytes abbreviation_bytes_;
  const Signatures& signatures_;
  uint64_t alternate_space_;
  std::unordered_map<uint64_t, std::vector<Abbreviation>> tables_;
  const UnitPlace* unit_ = nullptr;
  uint64_t string_base_ = 0, address_base_ = 0;
  bool is_skeleton_ = false;
  std::vector<Scope> scopes_;
  Scope next_;  // of the children of the DIE read last
  std::unordered_map<uint64_t, Declared> declared_;
  DieIndex out_;
};

}  // namespace inquest::symbols::die_index
