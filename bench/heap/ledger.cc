#include "ledger.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <new>
#include <sys/mman.h>
#include <unistd.h>

// A static program has its libc's malloc in itself: the linker sends its calls here (--wrap).
#ifdef LEDGER_WRAPS
#include <malloc.h>
extern "C" {
void* __real_malloc(size_t);
void* __real_calloc(size_t, size_t);
void* __real_realloc(void*, size_t);
void* __real_memalign(size_t, size_t);
void __real_free(void*);
}
#define LEDGER(name) __wrap_##name
#else
#define LEDGER(name) name
#endif

namespace {

constexpr unsigned kPartBits = 28, kAddressBits = 47, kGranule = 16;
constexpr size_t kParts = size_t{1} << (kAddressBits - kPartBits);
constexpr size_t kEntries = (size_t{1} << kPartBits) / kGranule;

// usable bytes << 6 | kind << 2 | state
enum State : uint32_t { kNone = 0, kLive = 1, kFreed = 2 };
using Entry = std::atomic<uint32_t>;

// The entries of a part of the address space, and what their blocks hold.
struct Shadow {
  Entry entries[kEntries];
  std::atomic<uint8_t> types[kEntries];
};

std::atomic<Shadow*> parts[kParts];  // 4 MB of .bss, hardly touched; addresses of shadows only
std::atomic<uint64_t> live_count;
thread_local ledger::Kind kind_now __attribute__((tls_model("initial-exec"))) = ledger::kOther;

thread_local bool entering __attribute__((tls_model("initial-exec")));

#ifndef LEDGER_WRAPS
template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}
#endif
void* (*real_malloc)(size_t);
void* (*real_calloc)(size_t, size_t);
void* (*real_realloc)(void*, size_t);
void* (*real_aligned)(size_t, size_t);
void (*real_free)(void*);
size_t (*real_usable)(void*);

// dlsym may allocate before the allocator is known.
alignas(16) char early[1 << 14];
size_t early_used;
bool finding;

bool is_early(const void* block) { return block >= early && block < early + sizeof early; }

void* take_early(size_t size) {
  size_t at = early_used;
  early_used += (size + 15) & ~size_t{15};
  if (early_used > sizeof early) abort();
  return early + at;
}

bool find_real() {
  if (real_usable) return true;
  if (finding) return false;
  finding = true;
#ifdef LEDGER_WRAPS
  real_malloc = __real_malloc;
  real_calloc = __real_calloc;
  real_realloc = __real_realloc;
  real_aligned = __real_memalign;
  real_free = __real_free;
  real_usable = malloc_usable_size;
#else
  real_malloc = next<void*(size_t)>("malloc");
  real_calloc = next<void*(size_t, size_t)>("calloc");
  real_realloc = next<void*(void*, size_t)>("realloc");
  real_aligned = next<void*(size_t, size_t)>("memalign");
  if (!real_aligned) real_aligned = next<void*(size_t, size_t)>("aligned_alloc");
  real_free = next<void(void*)>("free");
  real_usable = next<size_t(void*)>("malloc_usable_size");
#endif
  finding = false;
  return true;
}

struct Place {
  Entry& entry;
  std::atomic<uint8_t>& type;
};

Place place_of(const void* block) {
  auto at = reinterpret_cast<uintptr_t>(block);
  std::atomic<Shadow*>& part = parts[at >> kPartBits];
  Shadow* shadow = part.load(std::memory_order_acquire);
  if (!shadow) {
    constexpr size_t bytes = sizeof(Shadow);
    void* made = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (made == MAP_FAILED) abort();
    madvise(made, bytes, MADV_DONTDUMP);
    if (part.compare_exchange_strong(shadow, static_cast<Shadow*>(made))) {
      shadow = static_cast<Shadow*>(made);
    } else {
      munmap(made, bytes);
    }
  }
  size_t index = (at >> 4) % kEntries;
  return {shadow->entries[index], shadow->types[index]};
}

// A block is entered after it was given and struck out before it is given back, so that no other
// thread can be given it in between.
void* enter(void* block, bool clear) {
  if (!block) return nullptr;
  // tcmalloc allocates when it is first asked for a size: that block stays unknown.
  if (entering) return block;
  entering = true;
  size_t usable = real_usable(block);
  entering = false;
  // Nothing that lay there before may look like a pointer of the new owner's.
  if (clear) memset(block, 0, usable);
  Place place = place_of(block);
  place.type.store(ledger::kNoType, std::memory_order_relaxed);
  place.entry.store(static_cast<uint32_t>(usable << 6) | uint32_t{kind_now} << 2 | kLive,
                    std::memory_order_relaxed);
  live_count.fetch_add(1, std::memory_order_relaxed);
  return block;
}

void strike_out(void* block) {
  Entry& e = place_of(block).entry;
  if ((e.load(std::memory_order_relaxed) & 3u) != kLive) return;
  e.store((e.load(std::memory_order_relaxed) & ~3u) | kFreed, std::memory_order_relaxed);
  live_count.fetch_sub(1, std::memory_order_relaxed);
}

size_t rounded(size_t size) { return size < kGranule ? kGranule : size; }

}  // namespace

extern "C" {

void* LEDGER(malloc)(size_t size) {
  if (!find_real()) return take_early(size);
  return enter(real_malloc(rounded(size)), true);
}
void* LEDGER(calloc)(size_t count, size_t size) {
  if (!find_real()) return take_early(count * size);
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return nullptr;
  return enter(real_calloc(1, rounded(bytes)), false);
}
void LEDGER(free)(void* block) {
  if (!block || is_early(block)) return;
  strike_out(block);
  real_free(block);
}
void* LEDGER(realloc)(void* block, size_t size) {
  if (!block || is_early(block)) {
    void* made = LEDGER(malloc)(size);
    if (block && made) memcpy(made, block, size < 64 ? size : 64);
    return made;
  }
  size_t before = real_usable(block);
  strike_out(block);
  auto* made = static_cast<char*>(real_realloc(block, rounded(size)));
  if (!made) abort();
  enter(made, false);
  size_t after = real_usable(made);
  if (after > before) memset(made + before, 0, after - before);
  return made;
}
void* LEDGER(memalign)(size_t alignment, size_t size) {
  return enter(real_aligned(alignment, rounded(size)), true);
}
void* LEDGER(aligned_alloc)(size_t alignment, size_t size) {
  return LEDGER(memalign)(alignment, size);
}
int LEDGER(posix_memalign)(void** out, size_t alignment, size_t size) {
  *out = LEDGER(memalign)(alignment, size);
  return *out ? 0 : ENOMEM;
}

}  // extern "C"

// An allocator that LD_PRELOAD brings has operators of its own, which would not pass here.
void* operator new(size_t size) {
  if (void* block = LEDGER(malloc)(size)) return block;
  throw std::bad_alloc();
}
void* operator new[](size_t size) { return operator new(size); }
void operator delete(void* block) noexcept { LEDGER(free)(block); }
void operator delete[](void* block) noexcept { LEDGER(free)(block); }
void operator delete(void* block, size_t) noexcept { LEDGER(free)(block); }
void operator delete[](void* block, size_t) noexcept { LEDGER(free)(block); }

namespace ledger {

Kind expect(Kind kind) {
  Kind before = kind_now;
  kind_now = kind;
  return before;
}

bool is(const void* block, Type type) {
  if (reinterpret_cast<uintptr_t>(block) % kGranule != 0) return false;
  Place place = place_of(block);
  if ((place.entry.load(std::memory_order_relaxed) & 3u) != kLive) return false;
  place.type.store(type, std::memory_order_relaxed);
  return true;
}

uint64_t live() { return live_count.load(std::memory_order_relaxed); }

bool write(const char* path) {
  int file = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  if (file < 0) return false;
  struct Record {
    uint64_t address;
    uint32_t usable;
    uint8_t kind, live, type, zero;
  };
  constexpr size_t kMost = 65536;
  // The records go out of a mapping that is gone afterwards: no address stays behind.
  auto* records = static_cast<Record*>(mmap(nullptr, kMost * sizeof(Record), PROT_READ | PROT_WRITE,
                                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  size_t count = 0;
  uint64_t all = 0;
  bool good = ::write(file, "INQHEAP1\0\0\0\0\0\0\0\0", 16) == 16;
  auto flush = [&] {
    good = good && ::write(file, records, count * sizeof(Record)) ==
                       static_cast<ssize_t>(count * sizeof(Record));
    all += count;
    count = 0;
  };
  for (size_t p = 0; p < kParts; ++p) {
    Shadow* shadow = parts[p].load();
    for (size_t i = 0; shadow && i < kEntries; ++i) {
      uint32_t value = shadow->entries[i].load(std::memory_order_relaxed);
      if ((value & 3) == kNone) continue;
      uint64_t address = (uint64_t{p} << kPartBits) + i * kGranule;
      records[count++] = {address,
                          value >> 6,
                          static_cast<uint8_t>(value >> 2 & 15),
                          (value & 3) == kLive,
                          shadow->types[i].load(std::memory_order_relaxed),
                          0};
      if (count == kMost) flush();
    }
  }
  flush();
  munmap(records, kMost * sizeof(Record));
  good = good && pwrite(file, &all, sizeof all, 8) == sizeof all;
  return close(file) == 0 && good;
}

}  // namespace ledger
