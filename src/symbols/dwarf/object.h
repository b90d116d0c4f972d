/// The sections of a file as LLVM's DWARF reader wants them: fetched, and unpacked, when it
/// first asks. Includes LLVM: only for the .cc files of this folder.
#pragma once

#include <array>
#include <llvm/DebugInfo/DWARF/DWARFObject.h>
#include <llvm/DebugInfo/DWARF/DWARFRelocMap.h>
#include <llvm/DebugInfo/DWARF/DWARFSection.h>
#include <memory>
#include <string>

#include "symbols/dwarf/dwarf_file.h"

namespace inquest::symbols {

/// Owns (shares) the file. For one thread at a time, as the context that owns it.
class LazyObject final : public llvm::DWARFObject {
 public:
  /// A split object shows the ".dwo" sections of a .dwo or .dwp file, a plain one the others.
  enum class Kind : uint8_t { plain, split };
  explicit LazyObject(DwarfFile file, Kind kind = Kind::plain)
      : file_(std::move(file)), is_split_(kind == Kind::split) {}

  llvm::StringRef getFileName() const override { return file_.path(); }
  bool isLittleEndian() const override { return true; }
  uint8_t getAddressSize() const override { return file_.is_64() ? 8 : 4; }
  using Each = llvm::function_ref<void(const llvm::DWARFSection&)>;
  void forEachInfoSections(Each each) const override {
    if (!is_split_) each(section(kInfo));
  }
  void forEachTypesSections(Each each) const override {
    if (!is_split_) each_types(each);
  }
  void forEachInfoDWOSections(Each each) const override {
    if (is_split_) each(section(kInfo));
  }
  void forEachTypesDWOSections(Each each) const override {
    if (is_split_) each_types(each);
  }

  using Section = const llvm::DWARFSection&;
  llvm::StringRef getAbbrevSection() const override { return plain(kAbbrev).Data; }
  llvm::StringRef getStrSection() const override { return plain(kStr).Data; }
  llvm::StringRef getLineStrSection() const override { return plain(kLineStr).Data; }
  Section getLineSection() const override { return plain(kLine); }
  Section getLocSection() const override { return plain(kLoc); }
  Section getLoclistsSection() const override { return plain(kLoclists); }
  Section getRangesSection() const override { return plain(kRanges); }
  Section getRnglistsSection() const override { return plain(kRnglists); }
  Section getAddrSection() const override { return plain(kAddr); }
  Section getStrOffsetsSection() const override { return plain(kStrOffsets); }

  llvm::StringRef getAbbrevDWOSection() const override { return split(kAbbrev).Data; }
  llvm::StringRef getStrDWOSection() const override { return split(kStr).Data; }
  Section getLineDWOSection() const override { return split(kLine); }
  Section getLocDWOSection() const override { return split(kLoc); }
  Section getLoclistsDWOSection() const override { return split(kLoclists); }
  Section getRangesDWOSection() const override { return split(kRanges); }
  Section getRnglistsDWOSection() const override { return split(kRnglists); }
  Section getStrOffsetsDWOSection() const override { return split(kStrOffsets); }
  llvm::StringRef getCUIndexSection() const override { return split(kUnitIndex).Data; }
  llvm::StringRef getTUIndexSection() const override { return split(kTypeIndex).Data; }
  std::optional<llvm::RelocAddrEntry> find(const llvm::DWARFSection&, uint64_t) const override {
    return {};
  }

 private:
  enum Index {
    kInfo,
    kTypes,
    kAbbrev,
    kStr,
    kLineStr,
    kLine,
    kLoc,
    kLoclists,
    kRanges,
    kRnglists,
    kAddr,
    kStrOffsets,
    kUnitIndex,
    kTypeIndex,
    kCount
  };
  static constexpr std::array<const char*, kCount> kNames = {
      ".debug_info", ".debug_types",       ".debug_abbrev",   ".debug_str",     ".debug_line_str",
      ".debug_line", ".debug_loc",         ".debug_loclists", ".debug_ranges",  ".debug_rnglists",
      ".debug_addr", ".debug_str_offsets", ".debug_cu_index", ".debug_tu_index"};
  struct Slot {
    llvm::DWARFSection section;
    bool fetched = false;
  };

  void each_types(Each each) const {
    if (!section(kTypes).Data.empty()) each(section(kTypes));
  }
  Section plain(Index index) const { return is_split_ ? none_ : section(index); }
  Section split(Index index) const { return is_split_ ? section(index) : none_; }
  Section section(Index index) const {
    Slot& slot = slots_[index];
    if (!slot.fetched) {
      std::string name = kNames[index];
      if (is_split_ && index < kUnitIndex) name += ".dwo";
      Bytes data = file_.section_data(name);
      slot.section.Data = {reinterpret_cast<const char*>(data.data()), data.size()};
      slot.fetched = true;
    }
    return slot.section;
  }

  DwarfFile file_;
  bool is_split_ = false;
  llvm::DWARFSection none_;
  mutable std::array<Slot, kCount> slots_;
};

}  // namespace inquest::symbols
