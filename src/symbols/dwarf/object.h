/// The sections of an ELF file as LLVM's DWARF reader wants them: fetched, and unpacked, when it
/// first asks. Includes LLVM: only for the .cc files of this folder.
#pragma once

#include <llvm/DebugInfo/DWARF/DWARFObject.h>
#include <llvm/DebugInfo/DWARF/DWARFRelocMap.h>
#include <llvm/DebugInfo/DWARF/DWARFSection.h>

#include <array>
#include <memory>

#include "format/elf/file.h"

namespace inquest::symbols {

/// Owns (shares) the file. For one thread at a time, as the context that owns it.
class LazyObject final : public llvm::DWARFObject {
 public:
  explicit LazyObject(std::shared_ptr<const elf::File> file) : file_(std::move(file)) {}

  llvm::StringRef getFileName() const override { return file_->path(); }
  bool isLittleEndian() const override { return true; }
  uint8_t getAddressSize() const override { return file_->is_64() ? 8 : 4; }
  void forEachInfoSections(
      llvm::function_ref<void(const llvm::DWARFSection&)> each) const override {
    each(section(kInfo));
  }
  void forEachTypesSections(
      llvm::function_ref<void(const llvm::DWARFSection&)> each) const override {
    if (!section(kTypes).Data.empty()) each(section(kTypes));
  }
  llvm::StringRef getAbbrevSection() const override { return section(kAbbrev).Data; }
  llvm::StringRef getStrSection() const override { return section(kStr).Data; }
  llvm::StringRef getLineStrSection() const override { return section(kLineStr).Data; }
  const llvm::DWARFSection& getLineSection() const override { return section(kLine); }
  const llvm::DWARFSection& getLocSection() const override { return section(kLoc); }
  const llvm::DWARFSection& getLoclistsSection() const override { return section(kLoclists); }
  const llvm::DWARFSection& getRangesSection() const override { return section(kRanges); }
  const llvm::DWARFSection& getRnglistsSection() const override { return section(kRnglists); }
  const llvm::DWARFSection& getAddrSection() const override { return section(kAddr); }
  const llvm::DWARFSection& getStrOffsetsSection() const override { return section(kStrOffsets); }
  std::optional<llvm::RelocAddrEntry> find(const llvm::DWARFSection&, uint64_t) const override {
    return {};
  }

 private:
  enum Index { kInfo, kTypes, kAbbrev, kStr, kLineStr, kLine, kLoc, kLoclists, kRanges, kRnglists,
               kAddr, kStrOffsets, kCount };
  static constexpr std::array<const char*, kCount> kNames = {
      ".debug_info", ".debug_types", ".debug_abbrev", ".debug_str", ".debug_line_str",
      ".debug_line", ".debug_loc", ".debug_loclists", ".debug_ranges", ".debug_rnglists",
      ".debug_addr", ".debug_str_offsets"};
  struct Slot { llvm::DWARFSection section; bool fetched = false; };

  const llvm::DWARFSection& section(Index index) const {
    Slot& slot = slots_[index];
    if (!slot.fetched) {
      Bytes data = file_->section_data(kNames[index]);
      slot.section.Data = {reinterpret_cast<const char*>(data.data()), data.size()};
      slot.fetched = true;
    }
    return slot.section;
  }

  std::shared_ptr<const elf::File> file_;
  mutable std::array<Slot, kCount> slots_;
};

}  // namespace inquest::symbols
