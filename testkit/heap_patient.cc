#include "testkit/heap_patient.h"

#include <fstream>

namespace inquest::testkit {

std::string_view heap_patient_source() {
  return R"(
#include <atomic>
#include <fcntl.h>
#include <malloc.h>
#include <map>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

// The books: a table in shared memory, which is no heap.
struct Entry { std::atomic<size_t> at; size_t size; bool live; };
constexpr size_t kEntries = size_t{1} << 24;
static Entry* table;
static std::atomic_flag lock = ATOMIC_FLAG_INIT;
static void open_table() {
  if (table) return;
  table = static_cast<Entry*>(mmap(nullptr, kEntries * sizeof(Entry), PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
}
static void note(void* p, bool live) {
  if (!p) return;
  size_t size = live ? malloc_usable_size(p) : 0, at = reinterpret_cast<size_t>(p);
  while (lock.test_and_set()) {}
  open_table();
  size_t i = at / 16 * 0x9e3779b97f4a7c15 >> 40;
  while (table[i].at != 0 && table[i].at != at) i = (i + 1) % kEntries;
  table[i].at = at;
  if (live) table[i].size = size;
  table[i].live = live;
  lock.clear();
}

#ifdef WRAP
#define REAL(name) __real_##name
#define NAME(name) __wrap_##name
#else
#define REAL(name) __libc_##name
#define NAME(name) name
#endif
extern "C" {
void* REAL(malloc)(size_t);
void* REAL(calloc)(size_t, size_t);
void* REAL(realloc)(void*, size_t);
void* REAL(memalign)(size_t, size_t);
void REAL(free)(void*);
void* NAME(malloc)(size_t n) { void* p = REAL(malloc)(n); note(p, true); return p; }
void* NAME(calloc)(size_t a, size_t b) { void* p = REAL(calloc)(a, b); note(p, true); return p; }
void* NAME(memalign)(size_t a, size_t n) { void* p = REAL(memalign)(a, n); note(p, true); return p; }
void* NAME(aligned_alloc)(size_t a, size_t n) { return NAME(memalign)(a, n); }
int NAME(posix_memalign)(void** out, size_t a, size_t n) { *out = NAME(memalign)(a, n); return 0; }
void NAME(free)(void* p) { note(p, false); REAL(free)(p); }
void* NAME(realloc)(void* p, size_t n) {
  if (!p) return NAME(malloc)(n);
  note(p, false);
  void* q = REAL(realloc)(p, n);
  note(q, true);
  return q;
}
}

static unsigned long long seed;
static int operations, thread_count;
static pthread_barrier_t done;
static std::atomic<void*> shared[4096];  // blocks that any thread may free
static int truth;
static bool die;

static size_t next(unsigned long long& state) {
  state ^= state << 13; state ^= state >> 7; state ^= state << 17;
  return state >> 8;
}
static size_t some_size(unsigned long long& state) {
  size_t kind = next(state) % 1000;
  if (kind < 700) return next(state) % 200;
  if (kind < 900) return next(state) % 1100;
  if (kind < 980) return next(state) % 20000;
  if (kind < 997) return next(state) % 100000;
  return 130000 + next(state) % 400000;
}
static void* some_block(unsigned long long& state) {
  size_t size = some_size(state), way = next(state) % 100;
  void* p = way < 80 ? malloc(size) : way < 90 ? calloc(1, size) : way < 97
      ? memalign(size_t{32} << next(state) % 6, size) : memalign(size_t{32} << next(state) % 10, 200000 + size);
  memset(p, static_cast<int>(next(state)), size < 4096 ? size : 4096);
  return p;
}
static void say(const char* what, unsigned long long a, unsigned long long b) {
  char line[100];
  int n = snprintf(line, sizeof line, "%s %llx %llu\n", what, a, b);
  if (write(truth, line, n) != n) _exit(3);
}
static void work(int index) {
  unsigned long long state = seed * 1000003 + index + 1;
  for (int i = 0; i < 20; ++i) next(state);
  std::vector<void*> mine;
  std::map<std::string, std::string> words;
  for (int i = 0; i < operations; ++i) {
    size_t what = next(state) % 100;
    if (what < 45 || mine.empty()) {
      mine.push_back(some_block(state));
    } else if (what < 80) {
      size_t which = next(state) % mine.size();
      free(mine[which]);
      mine[which] = mine.back();
      mine.pop_back();
    } else if (what < 88) {
      // Freed by whoever puts the next one there.
      free(shared[next(state) % 4096].exchange(some_block(state)));
    } else if (what < 95) {
      size_t which = next(state) % mine.size();
      mine[which] = realloc(mine[which], some_size(state) + 1);
    } else {
      words["word number " + std::to_string(next(state) % 5000)] = std::string(next(state) % 100, 'x');
    }
    // Now and then most is freed, so that chunks join and the heap is trimmed.
    if (i % 20000 == 19999) {
      while (mine.size() > 500) { free(mine.back()); mine.pop_back(); }
    }
  }
  for (int i = 0; i < 3000 && !mine.empty(); ++i) {  // a last burst, so that caches are full
    size_t which = next(state) % mine.size();
    free(mine[which]);
    mine[which] = mine.back();
    mine.pop_back();
  }
  pthread_barrier_wait(&done);
  say("thread", reinterpret_cast<unsigned long long>(__builtin_thread_pointer()), syscall(SYS_gettid));
  pthread_barrier_wait(&done);
  if (index > 0) for (;;) pause();
  for (size_t i = 0; i < kEntries; ++i) {
    if (table[i].at != 0) say(table[i].live ? "live" : "freed", table[i].at, table[i].size);
  }
  say("ready", 0, 0);
  if (die) abort();
  for (;;) pause();
}
static void* thread_main(void* index) {
  work(static_cast<int>(reinterpret_cast<size_t>(index)));
  return nullptr;
}

int main(int argc, char** argv) {
  truth = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
  seed = strtoull(argv[2], nullptr, 10);
  operations = atoi(argv[3]);
  thread_count = atoi(argv[4]);
  pthread_barrier_init(&done, nullptr, thread_count);
  // Something in the way of the break: the main arena has to go elsewhere.
  if (getenv("BLOCK_BREAK")) {
    mmap(static_cast<char*>(sbrk(0)) + (2 << 20), 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  }
  // A thread that ends leaves an arena without threads.
  pthread_t early;
  pthread_create(&early, nullptr, [](void*) -> void* { for (int i = 1; i < 50; ++i) free(malloc(i * 20)); return malloc(333); }, nullptr);
  pthread_join(early, nullptr);
  for (int i = 1; i < thread_count; ++i) {
    pthread_t thread;
    pthread_create(&thread, nullptr, thread_main, reinterpret_cast<void*>(static_cast<size_t>(i)));
  }
  die = argc > 5;
  work(0);
}
)";
}

HeapTruth read_heap_truth(const std::string& path) {
  HeapTruth truth;
  std::ifstream file(path);
  std::string what;
  uint64_t address = 0, number = 0;
  while (file >> what >> std::hex >> address >> std::dec >> number) {
    if (what == "live") truth.live[address] = number;
    if (what == "freed") truth.freed[address] = number;
    if (what == "thread") truth.threads[static_cast<uint32_t>(number)] = address;
  }
  return truth;
}

}  // namespace inquest::testkit
