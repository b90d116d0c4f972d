/// Places that may be the `top` of an arena.
///
/// The bins behind it are circular lists whose heads lie in the arena, so an empty bin points to
/// itself; bin 127 is never used and always empty: wherever a writable word of a module says so,
/// an arena may end.
#pragma once

#include <cstdint>
#include <vector>

#include "heap/glibc/window.h"
#include "snapshot/snapshot.h"

namespace inquest::heap::glibc {

/// Whether the pair of pointers at `at` is the head of an empty bin.
bool is_empty_bin(Window& memory, uint64_t at, unsigned word);

/// In the data of modules; some twice, and most are none. Bounded.
std::vector<uint64_t> find_tops(const snapshot::Snapshot& process, Window& memory);

}  // namespace inquest::heap::glibc
