/// Builds Windows images: headers, sections, data directories; as a file, or as it lies in memory.
///
/// Written from Microsoft's "PE Format" with plain integers, not with the reader's structs.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "testkit/bytes.h"

namespace inquest::testkit {

class PeBuilder {
 public:
  enum : uint16_t { x86 = 0x14c, x64 = 0x8664, arm64 = 0xaa64 };
  enum : uint32_t { code = 0x60000020, data = 0x40000040, writable = 0xc0000040 };
  enum Directory : unsigned { exports = 0, resources = 2, exceptions = 3, debug = 6 };

  explicit PeBuilder(uint16_t machine = x64) : machine_(machine) {}

  /// Where the next section will lie.
  uint32_t next_rva() const { return next_rva_; }
  /// A name beyond 8 characters goes into the COFF string table. Returns its RVA. `virtual_size` 0:
  /// that of the data.
  uint32_t add_section(std::string_view name, std::span<const std::byte> bytes, uint32_t flags,
                       uint32_t virtual_size = 0);
  PeBuilder& directory(Directory index, uint32_t rva, uint32_t size);
  PeBuilder& timestamp(uint32_t value) {
    timestamp_ = value;
    return *this;
  }
  PeBuilder& image_base(uint64_t value) {
    image_base_ = value;
    return *this;
  }

  struct ExportSpec {
    std::string name;  ///< empty: by ordinal only
    uint32_t rva = 0;
    std::string forwarder = {};  ///< "NTDLL.RtlX" instead of an rva
  };
  /// A section ".edata" and its directory; ordinals count from 1.
  void add_exports(const std::vector<ExportSpec>& exports);
  /// A section ".debug" (debug directory and an RSDS record).
  void add_codeview(std::span<const uint8_t> guid, uint32_t age, std::string_view pdb);
  /// A section ".rsrc" of a version resource.
  void add_version(uint16_t a, uint16_t b, uint16_t c, uint16_t d);
  /// A section ".pdata" of 12-byte (x64) or 8-byte (ARM64) entries, and its directory.
  void add_functions(const std::vector<std::vector<uint32_t>>& entries);

  std::vector<std::byte> file() const { return build(false); }
  std::vector<std::byte> mapped() const { return build(true); }

 private:
  struct Section {
    std::string name;
    std::vector<std::byte> bytes;
    uint32_t rva, virtual_size, flags;
  };
  std::vector<std::byte> build(bool mapped) const;
  void put_headers(ByteBuilder& out, const std::vector<uint32_t>& offsets,
                   uint32_t symbol_table) const;

  uint16_t machine_;
  uint32_t timestamp_ = 0x5f5e1000;
  uint64_t image_base_ = 0x140000000;
  uint32_t next_rva_ = 0x1000;
  std::vector<Section> sections_;
  std::map<unsigned, std::pair<uint32_t, uint32_t>> directories_;
};

/// An UNWIND_INFO record. Codes are 16-bit slots, the last instruction's first.
struct UnwindInfoSpec {
  uint8_t version = 1, flags = 0, prologue = 0, frame_register = 0, frame_offset = 0;
  std::vector<uint16_t> slots = {};
  std::vector<uint32_t> tail = {};  ///< a handler, or the chained entry
};
std::vector<std::byte> unwind_info(const UnwindInfoSpec& spec);
/// A slot: the offset of the instruction's end, the operation, its operand.
constexpr uint16_t unwind_slot(unsigned offset, unsigned op, unsigned info) {
  return static_cast<uint16_t>(offset | op << 8 | info << 12);
}

}  // namespace inquest::testkit
