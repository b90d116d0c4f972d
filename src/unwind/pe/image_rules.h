/// The unwind data of a Windows image as rows: what undoes the instructions that were executed so
/// far, at one instruction.
///
/// Source: Microsoft "x64 exception handling", "ARM64 exception handling". Shares the image.
/// Immutable; safe from any thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "format/pe/arm64_unwind.h"
#include "format/pe/file.h"
#include "unwind/cfi/rule.h"

namespace inquest::unwind {

/// Copies code at an RVA; returns how many leading bytes were there.
using ReadCode = std::function<size_t(uint64_t rva, std::span<std::byte> out)>;

class ImageRules {
 public:
  /// `code` is what the process executed, which may differ from the file's.
  ImageRules(std::shared_ptr<const pe::File> file, ReadCode code);

  /// The rules at an RVA. `exact`: it is of the instruction itself, which may belong to an epilogue
  /// or to a function without a frame; else it lies within a call. Absent when nothing is known or
  /// the data are damaged. Always absent on 32-bit x86, whose images have no unwind data.
  std::optional<Row> row(uint64_t rva, bool exact) const;
  /// Whether the sections say that there is code.
  bool executable(uint64_t rva) const;
  const pe::File& file() const { return *file_; }

 private:
  std::optional<Row> leaf(uint64_t rva) const;

  std::shared_ptr<const pe::File> file_;
  ReadCode code_;
};

/// Of x64 code that an entry of .pdata describes.
std::optional<Row> x64_row(const pe::File& file, const ReadCode& code, uint64_t rva, bool exact);
/// Of ARM64 code.
std::optional<Row> arm64_row(const pe::Arm64Function& function, uint64_t rva, bool exact);

}  // namespace inquest::unwind
