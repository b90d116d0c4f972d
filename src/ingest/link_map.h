/// The dynamic linker's own list of what it loaded. Internal to ingest.
///
/// AT_PHDR -> PT_DYNAMIC -> DT_DEBUG -> r_debug -> link_map, as <link.h> has them; the linker keeps
/// them in writable memory, which every core records.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "snapshot/snapshot.h"

namespace inquest::ingest {

struct LinkedImage {
  uint64_t bias = 0;  ///< l_addr
  std::string name;   ///< l_name; empty for the executable
  Address dynamic;    ///< l_ld, inside the image
};

/// In the linker's order. Empty when the list cannot be reached: a static program, a cut core.
std::vector<LinkedImage> read_link_map(const snapshot::Snapshot& snapshot);

/// Bias of the executable, from where AT_PHDR found its program headers; absent without PT_PHDR.
std::optional<uint64_t> executable_bias(const snapshot::Snapshot& snapshot);

}  // namespace inquest::ingest
