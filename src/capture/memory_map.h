/// The mappings of a process, from the text of /proc/ID/smaps (or maps, which says less).
///
/// Source: proc(5), Documentation/filesystems/proc.rst. Values; safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"

namespace inquest::capture {

struct Mapping {
  AddressRange range;
  bool read = false, write = false, execute = false, shared = false;
  uint64_t offset = 0;  ///< in the file, in bytes
  uint64_t inode = 0;
  std::string name;  ///< path, "[heap]", "[anon:...]", or empty; without " (deleted)"
  bool deleted = false;

  // From smaps; `detailed` says whether it was there. Bytes.
  bool detailed = false;
  uint64_t resident = 0, anonymous = 0, swapped = 0;
  bool huge_pages = false;  ///< hugetlbfs; the kernel does not count them as resident
  bool device = false;      ///< VM_IO or VM_PFNMAP: reading may have effects
  bool not_dumped = false;  ///< madvise(MADV_DONTDUMP)

  /// No file behind it: what it holds exists nowhere else.
  bool is_anonymous() const { return inode == 0 && (name.empty() || name.front() != '/'); }
};

/// Lines that are not understood are passed over.
std::vector<Mapping> parse_memory_map(std::string_view text);

}  // namespace inquest::capture
