/// The unwind data of one module: `.eh_frame` and `.debug_frame` of its files, or of its image in
/// memory, as an index of functions whose rows are decoded on demand; those of a Windows image; the
/// frame rules of a .sym file or a PDB.
///
/// Nothing is read before it is asked for: with `.eh_frame_hdr` opening costs a few bytes. Owns
/// (shares) the files. Immutable but for its budget; safe from any thread.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "unwind/cfi/index.h"
#include "unwind/cfi/rule.h"
#include "unwind/pe/image_rules.h"
#include "unwind/text/cfi_text.h"
#include "unwind/unwind.h"

namespace inquest::unwind {

class Rules {
 public:
  /// `memory` serves modules without a file, such as the vDSO. Borrowed; it must outlive the rules.
  Rules(RuleSource source, const snapshot::Module& module, snapshot::Arch arch,
        const snapshot::Memory& memory);
  /// Of one section, for tests and fuzzing.
  Rules(FrameSection section, Bytes header, uint64_t header_vaddr, snapshot::Arch arch);

  /// The rules at a virtual address of the file; absent when no function is described there or its
  /// description is damaged. `exact`: an instruction is there; else it lies within a call.
  std::optional<Row> row(uint64_t vaddr, bool exact = true) const;
  /// The same in text, of STACK CFI.
  std::optional<TextRow> text(uint64_t rva) const;
  /// 32-bit Windows: STACK WIN. Null when none describes the address.
  const breakpad::WinFrame* win(uint64_t rva) const;
  /// Null when the module has no file.
  const elf::File* image() const { return source_.image.get(); }
  /// Null when the module is no Windows image, or has neither file nor headers in memory.
  const pe::File* pe() const { return pe_ ? &pe_->file() : nullptr; }
  /// Whether the image's sections or segments say that there is code; true where there are none to
  /// ask. The same place twice: `rva` from the module's beginning, `vaddr` as the file counts.
  bool may_be_code(uint64_t rva, uint64_t vaddr) const;
  bool has_any() const { return eh_ || !debug_.empty(); }

 private:
  void open_eh_frame(const elf::File& file);
  void open_eh_frame_in_memory(const snapshot::Module& module, const snapshot::Memory& memory);
  void open_debug_frame(const elf::File& file);
  void open_pe(const snapshot::Module& module, const snapshot::Memory& memory);
  void open_dwarf_of_pe(const pe::File& file);
  std::optional<Row> row_in(const FdeIndex& index, uint64_t vaddr) const;

  RuleSource source_;
  snapshot::Arch arch_;
  unsigned pointer_size_;
  std::vector<std::vector<std::byte>> copies_;  // of a live process's image
  std::unique_ptr<FdeIndex> eh_;
  std::vector<std::unique_ptr<FdeIndex>> debug_;
  std::unique_ptr<ImageRules> pe_;
  uint64_t dwarf_base_ = 0;  // what the DWARF of a Windows image adds to its RVAs
  // What hostile data can make us decode in all: each row costs its program's bytes.
  uint64_t budget_ = uint64_t{64} << 20;
  mutable std::atomic<uint64_t> spent_ = 0;
};

}  // namespace inquest::unwind
