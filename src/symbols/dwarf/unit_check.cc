#include "symbols/dwarf/unit_check.h"

#include <algorithm>
#include <llvm/DebugInfo/DWARF/DWARFDebugAbbrev.h>

#include "symbols/dwarf/forms.h"

namespace inquest::symbols {
namespace {

using Abbreviation = llvm::DWARFAbbreviationDeclaration;

/// The abbreviations' codes are as a rule 1, 2, 3...: looked up once each.
class Abbreviations {
 public:
  explicit Abbreviations(const llvm::DWARFUnit& unit)
      : unit_(unit), all_(unit.getAbbreviations()) {}

  struct Shape {
    const Abbreviation* abbreviation = nullptr;
    std::optional<size_t> fixed_size = {};  ///< of all attributes together
  };
  const Shape& at(uint64_t code) {
    if (code < kKept && code < kept_.size() && kept_[code].abbreviation) return kept_[code];
    Shape shape;
    if (all_ && code <= UINT32_MAX) {
      shape.abbreviation = all_->getAbbreviationDeclaration(static_cast<uint32_t>(code));
    }
    if (shape.abbreviation) shape.fixed_size = fixed_size_of(*shape.abbreviation);
    if (code >= kKept) return rare_ = shape;
    if (code >= kept_.size()) kept_.resize(code + 1);
    return kept_[code] = shape;
  }

 private:
  static constexpr uint64_t kKept = 1 << 12;

  /// Summed here: LLVM's own sum counts in 8 and 16 bits, which hundreds of attributes overflow,
  /// while what it skips attribute by attribute does not.
  std::optional<size_t> fixed_size_of(const Abbreviation& abbreviation) const {
    size_t sum = 0;
    for (const auto& attribute : abbreviation.attributes()) {
      auto size = attribute.getByteSize(unit_);
      if (!size) return std::nullopt;
      sum += static_cast<size_t>(*size);
    }
    return sum;
  }

  const llvm::DWARFUnit& unit_;
  const llvm::DWARFAbbreviationDeclarationSet* all_;
  std::vector<Shape> kept_;
  Shape rare_;
};

}  // namespace

bool lies_inside(const llvm::DWARFUnit& unit, UnitPart part) {
  llvm::StringRef all = unit.getDebugInfoExtractor().getData();
  uint64_t begin = unit.getOffset() + unit.getHeaderSize();
  uint64_t end = std::min<uint64_t>(unit.getNextUnitOffset(), all.size());
  if (begin >= end) return false;
  Cursor cursor(std::as_bytes(std::span(all.data() + begin, end - begin)));
  const UnitParameters parameters{.version = unit.getVersion(),
                                  .address_size = unit.getAddressByteSize(),
                                  .offset_size = unit.getDwarfOffsetByteSize()};
  Abbreviations abbreviations(unit);
  size_t depth = 0;
  do {
    uint64_t code = cursor.uleb128();
    if (cursor.failed()) return false;
    if (code == 0) {
      if (depth == 0) return true;  // a unit that is empty
      --depth;
      continue;
    }
    const auto& [abbreviation, fixed_size] = abbreviations.at(code);
    if (!abbreviation) return false;
    if (fixed_size) {
      cursor.skip(*fixed_size);
    } else {
      for (const auto& attribute : abbreviation->attributes()) {
        read_form(cursor, attribute.Form, parameters);
      }
    }
    if (cursor.failed()) return false;
    if (abbreviation->hasChildren()) ++depth;
  } while (part == UnitPart::whole && depth > 0 && !cursor.at_end());
  return true;
}

}  // namespace inquest::symbols
