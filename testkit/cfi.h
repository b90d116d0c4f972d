/// Builds call frame information (.eh_frame, .eh_frame_hdr, .debug_frame) and small ELF images that
/// carry it, for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "testkit/bytes.h"

namespace inquest::testkit {

/// Call frame instructions.
class CfiProgram {
 public:
  CfiProgram& advance(unsigned delta);
  CfiProgram& def_cfa(unsigned reg, uint64_t offset);
  CfiProgram& def_cfa_register(unsigned reg);
  CfiProgram& def_cfa_offset(uint64_t offset);
  CfiProgram& def_cfa_expression(std::span<const uint8_t> expression);
  CfiProgram& offset(unsigned reg, uint64_t factored);
  CfiProgram& val_offset(unsigned reg, uint64_t factored);
  CfiProgram& undefined(unsigned reg);
  CfiProgram& same_value(unsigned reg);
  CfiProgram& in_register(unsigned reg, unsigned other);
  CfiProgram& expression(unsigned reg, std::span<const uint8_t> expression);
  CfiProgram& val_expression(unsigned reg, std::span<const uint8_t> expression);
  CfiProgram& restore(unsigned reg);
  CfiProgram& remember() { return raw({0x0a}); }
  CfiProgram& recall() { return raw({0x0b}); }
  CfiProgram& negate_ra_state() { return raw({0x2d}); }
  CfiProgram& args_size(uint64_t n);
  CfiProgram& raw(std::initializer_list<uint8_t> bytes);
  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  CfiProgram& uleb(uint64_t value);
  CfiProgram& block(std::span<const uint8_t> expression);
  std::vector<uint8_t> bytes_;
};

struct CieSpec {
  unsigned version = 1;
  std::string augmentation = "zR";
  unsigned code_align = 1;
  int data_align = -8;
  unsigned return_column = 16;
  unsigned pointer_encoding = 0x1b;  ///< pcrel sdata4
  CfiProgram program = {};
};

/// A section at a virtual address. Adding in ascending order of code lets `header` be searched.
class CfiSection {
 public:
  CfiSection(bool eh, unsigned pointer_size, uint64_t vaddr)
      : eh_(eh), pointer_size_(pointer_size), vaddr_(vaddr) {}

  size_t cie(const CieSpec& spec);  ///< its offset
  size_t fde(size_t cie, uint64_t begin, uint64_t length, const CfiProgram& program);
  CfiSection& end_mark();
  std::span<const std::byte> bytes() const { return data_.view(); }
  /// .eh_frame_hdr at `vaddr`, with its table (datarel sdata4).
  std::vector<std::byte> header(uint64_t vaddr) const;

 private:
  void pointer(unsigned encoding, uint64_t value);
  void close(size_t length_at);

  struct Kept {
    size_t offset;
    CieSpec spec;
  };
  struct Entry {
    uint64_t begin;
    size_t offset;
  };
  bool eh_;
  unsigned pointer_size_;
  uint64_t vaddr_;
  ByteBuilder data_;
  std::vector<Kept> cies_;
  std::vector<Entry> fdes_;
};

/// The standard rules at a function's entry.
CieSpec x64_cie();    ///< cfa = rsp + 8, return address at cfa - 8
CieSpec x86_cie();    ///< cfa = esp + 4, return address at cfa - 4
CieSpec arm64_cie();  ///< cfa = sp, return address in x30

/// An ELF image as it lies in memory: headers, code at `kCode`, unwind data at `kFrames`.
struct FrameImage {
  static constexpr uint64_t kCode = 0x1000, kHeader = 0x3000, kFrames = 0x4000, kSize = 0x6000;
  /// `machine` is EM_*; `code` begins at kCode; `frames` was made with vaddr kFrames.
  static std::vector<std::byte> build(unsigned machine, unsigned pointer_size,
                                      std::span<const std::byte> code, const CfiSection& frames);
};

}  // namespace inquest::testkit
