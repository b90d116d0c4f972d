/// How tcmalloc of gperftools 2.10 lays out its books on x86-64 with pages of 8 KiB.
///
/// Source: gperftools 2.10, src/{pagemap,span,page_heap,thread_cache,central_freelist,common}.h, as
/// Debian 12 builds it; tcmalloc_minimal is the same.
#pragma once

#include <cstdint>

namespace inquest::heap::tcmalloc {

inline constexpr unsigned kPageShift = 13;
inline constexpr uint64_t kPage = uint64_t{1} << kPageShift;
// TCMalloc_PageMap2<35>: a root of 2^17 pointers, leaves of 2^18 pointers to spans. The inside of
// a large span keeps pointers of spans that were there before.
inline constexpr unsigned kRootBits = 17, kLeafBits = 18;

// Span, 48 bytes. Lengths are in pages.
inline constexpr uint64_t kSpanStart = 0, kSpanLength = 8, kSpanObjects = 32, kSpanBits = 40,
                          kSpanBytes = 48;
struct SpanBits {
  uint32_t raw;
  uint32_t held() const { return raw & 0xffff; }  ///< objects that are not in the span's list
  uint32_t size_class() const { return raw >> 16 & 0xff; }
  uint32_t location() const { return raw >> 24 & 3; }  ///< 0 in use, 1 free, 2 given to the system
  /// The span's objects are then a StackTrace, whose first word is the size that was asked for.
  bool sampled() const { return raw >> 26 & 1; }
};
inline constexpr uint64_t kMaxPages = uint64_t{1} << 35;

// SizeMap: class_to_size_ is an int32[128]; class_to_pages_, size_t[128], and num_size_classes
// follow it.
inline constexpr uint32_t kMaxClasses = 128;
inline constexpr uint32_t kMaxSmall = 256 << 10;
inline constexpr uint64_t kMaxClassPages = 256;  ///< more than a span of any class has

// ThreadCache: a FreeList of 32 bytes for every class, then sizes, the sampler, the thread's
// pthread_t, and the links of the list of all caches.
inline constexpr uint64_t kListBytes = 32, kListLength = 8, kListSize = 24;
inline constexpr uint64_t kCacheThread = 4120, kCacheNext = 4136, kCacheBytes = 4160;

// CentralFreeList, padded to 64 bytes: `lock size_class empty nonempty spans counter slots`, a slot
// of the transfer cache being the head and the tail of a chain.
inline constexpr uint64_t kCentralBytes = 1216, kCentralClass = 8, kCentralSlots = 128,
                          kCentralUsed = 1152;
inline constexpr uint32_t kMaxSlots = 64;

}  // namespace inquest::heap::tcmalloc
