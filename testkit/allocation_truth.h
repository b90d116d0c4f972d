/// A program that knows what it holds, whichever allocator stands behind malloc.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace inquest::testkit {

/// C++ source of a program:
///   PROGRAM TRUTH-FILE SEED OPERATIONS THREADS
/// Its threads allocate and free (small, large, aligned, and blocks of each other), some of them
/// end, then all stand still outside of malloc; "ready" is printed once the truth is written. Only
/// its own blocks are in the truth: the runtime's are not.
std::string_view allocation_truth_source();

struct AllocationTruth {
  std::map<uint64_t, uint64_t> live = {};   ///< address -> malloc_usable_size
  std::map<uint64_t, uint64_t> freed = {};  ///< freed and not given out again -> size
  uint64_t live_bytes = 0;
};
/// Reads what the program wrote.
AllocationTruth read_allocation_truth(const std::string& path);

}  // namespace inquest::testkit
