#include "testkit/allocation_truth.h"

#include <fstream>

namespace inquest::testkit {

std::string_view allocation_truth_source() {
  return R"(
#include <atomic>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// The books: a table in a mapping of its own, which is no heap.
struct Entry { std::atomic<size_t> at; size_t size; bool live; };
constexpr size_t kEntries = size_t{1} << 23;
static Entry* table;
static std::atomic_flag lock = ATOMIC_FLAG_INIT;
static void* map(size_t bytes) {
  return mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
              -1, 0);
}
static void note(void* p, size_t size, bool live) {
  size_t at = reinterpret_cast<size_t>(p);
  while (lock.test_and_set()) {}
  size_t i = (at / 8 * 0x9e3779b97f4a7c15) >> 41;
  while (table[i].at != 0 && table[i].at != at) i = (i + 1) % kEntries;
  table[i].at = at;
  if (live) table[i].size = size;
  table[i].live = live;
  lock.clear();
}
static size_t next(unsigned long long& state) {
  state ^= state << 13; state ^= state >> 7; state ^= state << 17;
  return state >> 8;
}
static size_t some_size(unsigned long long& state) {
  size_t kind = next(state) % 2000;
  if (kind < 1400) return next(state) % 200;
  if (kind < 1800) return next(state) % 1100;
  if (kind < 1960) return next(state) % 20000;
  if (kind < 1990) return next(state) % 100000;
  if (kind < 1999) return 130000 + next(state) % 900000;
  return 1000000 + next(state) % (next(state) % 8 ? 3000000 : 40000000);
}
static void* give(unsigned long long& state) {
  size_t size = some_size(state), way = next(state) % 100;
  void* p = way < 80 ? malloc(size) : way < 90 ? calloc(1, size)
          : memalign(size_t{16} << next(state) % (way < 98 ? 6 : 14), size + 1);
  if (!p) abort();
  memset(p, static_cast<int>(next(state)) | 1, size < 256 ? size : 256);
  note(p, malloc_usable_size(p), true);
  return p;
}
static void take(void* p) {
  if (!p) return;
  note(p, 0, false);
  free(p);
}
static void* change(void* p, size_t size) {
  note(p, 0, false);
  p = realloc(p, size);
  note(p, malloc_usable_size(p), true);
  return p;
}

static unsigned long long seed;
static int operations, thread_count;
static pthread_barrier_t done;
static std::atomic<void*> shared[4096];  // blocks that any thread may free
static int truth;
static char line[1 << 16];
static size_t used;
static void flush() {
  if (write(truth, line, used) != static_cast<ssize_t>(used)) _exit(3);
  used = 0;
}
static void say(const char* what, size_t a, size_t b) {
  if (used + 100 > sizeof line) flush();
  used += snprintf(line + used, 100, "%s %zx %zu\n", what, a, b);
}
static void work(int index) {
  unsigned long long state = seed * 1000003 + index + 1;
  for (int i = 0; i < 20; ++i) next(state);
  void** mine = static_cast<void**>(map(sizeof(void*) * (operations + 1)));
  size_t held = 0;
  for (int i = 0; i < operations; ++i) {
    size_t what = next(state) % 100;
    if (what < 50 || held == 0) {
      mine[held++] = give(state);
    } else if (what < 82) {
      size_t which = next(state) % held;
      take(mine[which]);
      mine[which] = mine[--held];
    } else if (what < 93) {
      take(shared[next(state) % 4096].exchange(give(state)));  // mostly another thread's
    } else {
      size_t which = next(state) % held;
      mine[which] = change(mine[which], some_size(state) + 1);
    }
    if (i % 20000 == 19999) while (held > 500) take(mine[--held]);
  }
  for (int i = 0; i < 3000 && held; ++i) {  // a last burst, so that caches are full
    size_t which = next(state) % held;
    take(mine[which]);
    mine[which] = mine[--held];
  }
  if (index % 4 == 3) {  // ends with its blocks still held
    pthread_barrier_wait(&done);
    return;
  }
  pthread_barrier_wait(&done);
  if (index > 0) for (;;) pause();
}
static void* thread_main(void* index) {
  work(static_cast<int>(reinterpret_cast<size_t>(index)));
  return nullptr;
}

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  truth = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
  seed = strtoull(argv[2], nullptr, 10);
  operations = atoi(argv[3]);
  thread_count = atoi(argv[4]);
  table = static_cast<Entry*>(map(kEntries * sizeof(Entry)));
  pthread_barrier_init(&done, nullptr, thread_count);
  pthread_t threads[64];
  for (int i = 1; i < thread_count; ++i) {
    pthread_create(&threads[i], nullptr, thread_main, reinterpret_cast<void*>(size_t(i)));
  }
  work(0);
  for (int i = 3; i < thread_count; i += 4) pthread_join(threads[i], nullptr);
  usleep(50000);
  for (size_t i = 0; i < kEntries; ++i) {
    if (table[i].at != 0) say(table[i].live ? "live" : "freed", table[i].at, table[i].size);
  }
  flush();
  if (write(1, "ready\n", 6) != 6) return 3;
  for (;;) pause();
}
)";
}

AllocationTruth read_allocation_truth(const std::string& path) {
  AllocationTruth truth;
  std::ifstream file(path);
  std::string what;
  uint64_t address = 0, size = 0;
  while (file >> what >> std::hex >> address >> std::dec >> size) {
    if (what == "live") {
      truth.live[address] = size;
      truth.live_bytes += size;
    } else if (what == "freed") {
      truth.freed[address] = size;
    }
  }
  return truth;
}

}  // namespace inquest::testkit
