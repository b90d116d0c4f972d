/// Which FDE describes an address: the binary search table of `.eh_frame_hdr` where there is one,
/// else a scan of the section, sorted once.
///
/// Source: LSB 5.0 Core, 10.6.2. With a table, making the index reads a dozen bytes and looking up
/// touches O(log n) of them. Safe from any thread after construction.
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "unwind/cfi/entry.h"

namespace inquest::unwind {

class FdeIndex {
 public:
  /// An index of nothing.
  FdeIndex() = default;
  /// `header` is .eh_frame_hdr, empty when there is none. Borrowed; a damaged one is not used.
  FdeIndex(FrameSection section, Bytes header, uint64_t header_vaddr);

  /// The FDE whose range holds `vaddr`; absent when none does, or when it is damaged.
  std::optional<FdeWithCie> find(uint64_t vaddr) const;
  const FrameSection& section() const { return section_; }
  bool has_table() const { return count_ != 0; }

 private:
  struct Range {
    uint64_t begin, end;
    uint64_t fde;  // offset in the section
  };

  void open_table(Bytes header, uint64_t vaddr);
  std::optional<FdeWithCie> find_in_table(uint64_t vaddr) const;
  std::optional<FdeWithCie> find_in_scan(uint64_t vaddr) const;
  uint64_t table_value(uint64_t entry, unsigned field) const;
  void scan() const;

  FrameSection section_ = {};
  FrameSection table_ = {};  // the header, as what its pointers are relative to
  uint8_t encoding_ = 0;
  unsigned width_ = 0;
  uint64_t table_offset_ = 0;
  uint64_t count_ = 0;
  mutable std::once_flag scanned_;
  mutable std::vector<Range> ranges_;  // ascending by begin
};

}  // namespace inquest::unwind
