/// Which pages of a mapping hold something: the rest of a large reservation need not be read.
///
/// By the PAGEMAP_SCAN request of /proc/ID/pagemap (Linux 6.7), otherwise by reading its entries,
/// eight bytes a page. Sources: Documentation/admin-guide/mm/pagemap.rst, <linux/fs.h>.
#pragma once

#include <optional>
#include <sys/types.h>
#include <vector>

#include "base/address.h"
#include "base/error.h"

namespace inquest::capture {

class PopulatedPages {
 public:
  /// `thread` is any living thread of the process. Fails when the page map may not be read.
  static Result<PopulatedPages> open(pid_t thread);
  PopulatedPages(PopulatedPages&& other) noexcept;
  PopulatedPages& operator=(PopulatedPages&&) = delete;
  ~PopulatedPages();

  enum class Want {
    any,       ///< in memory or swapped out
    modified,  ///< of these, the process's own copies and not the file's pages
  };
  /// Runs of pages in `range`, ascending, disjoint, not touching. Absent when it cannot be said.
  std::optional<std::vector<AddressRange>> runs(AddressRange range, Want want);

 private:
  explicit PopulatedPages(int file) : file_(file) {}

  std::optional<std::vector<AddressRange>> scan(AddressRange range, Want want);
  std::optional<std::vector<AddressRange>> read_entries(AddressRange range, Want want) const;

  int file_;
  bool can_scan_ = true;
};

/// Where the mapped file `thread` has at `range` holds data (SEEK_DATA), as addresses: finds pages
/// of shared memory that other processes filled. `offset` is the file's offset at range.begin.
/// Absent without the right to open it (CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE).
std::optional<std::vector<AddressRange>> data_of_mapped_file(pid_t thread, AddressRange range,
                                                             uint64_t offset);

uint64_t page_size();

}  // namespace inquest::capture
