/// A program that knows its heap: every block that malloc gave out, and what of it was given back.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace inquest::testkit {

/// C++ source. It stands in for malloc's functions (so that the C library's own blocks are known
/// too), works on its heap in several threads, then stands still, every thread outside of malloc:
///   PATIENT TRUTH-FILE SEED OPERATIONS THREADS [abort]
/// Linked statically it wants the options of kStaticHeapPatient.
std::string_view heap_patient_source();
inline constexpr std::string_view kHeapPatient = "-O1 -g -pthread";
inline constexpr std::string_view kStaticHeapPatient =
    "-O1 -pthread -static -s -DWRAP "
    "-Wl,--wrap=malloc,--wrap=free,--wrap=calloc,--wrap=realloc,--wrap=memalign,"
    "--wrap=aligned_alloc,--wrap=posix_memalign";

struct HeapTruth {
  std::map<uint64_t, uint64_t> live = {};     ///< address -> malloc_usable_size
  std::map<uint64_t, uint64_t> freed = {};    ///< of freed memory, the last size at the address
  std::map<uint32_t, uint64_t> threads = {};  ///< thread id -> thread pointer
};
/// Reads what the patient wrote.
HeapTruth read_heap_truth(const std::string& path);

}  // namespace inquest::testkit
