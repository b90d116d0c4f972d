/// The file that holds a module's DWARF: ELF, or a Windows image of mingw's.
///
/// Value; shares the ownership of the file. Safe from any thread.
#pragma once

#include <memory>
#include <string>

#include "locate/locate.h"

namespace inquest::symbols {

class DwarfFile {
 public:
  explicit DwarfFile(std::shared_ptr<const elf::File> file) : elf_(std::move(file)) {}
  explicit DwarfFile(std::shared_ptr<const pe::File> file) : pe_(std::move(file)) {}
  /// The ELF debug file, else the Windows image; false in a condition when there is neither.
  static DwarfFile of(const locate::ModuleFiles& files);

  explicit operator bool() const { return elf_ || pe_; }
  const std::string& path() const { return elf_ ? elf_->path() : pe_->path(); }
  bool is_64() const { return elf_ ? elf_->is_64() : pe_->is_64(); }
  bool has_section(std::string_view name) const;
  /// Stored size in bytes; 0 when absent.
  uint64_t section_size(std::string_view name) const;
  /// Unpacked; without the padding of a Windows image. Empty when absent or damaged.
  Bytes section_data(std::string_view name) const;

 private:
  std::shared_ptr<const elf::File> elf_;
  std::shared_ptr<const pe::File> pe_;
};

}  // namespace inquest::symbols
