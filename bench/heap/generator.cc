// A process whose heap is known block by block: containers, polymorphic objects, arenas of several
// threads, blocks freed by others, leaks in trees and cycles, and blocks that only unusual places
// point to.
//
//   heap-generator --blocks N --threads T --seed S --truth FILE [--abort|--exit]
//
// Prints "ready" when all is in place and FILE is written, then waits for a dump to be taken (or
// aborts, or ends, for tools that look at the end). Compiled with -DWITHOUT_LEDGER it leaves malloc
// alone.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <linux/futex.h>
#include <pthread.h>
#include <string>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "ledger.h"
#include "types_of_world.h"
#include "world.h"

#ifdef WITHOUT_LEDGER
namespace ledger {
Kind expect(Kind kind) { return kind; }
bool is(const void*, Type) { return true; }
static uint64_t counted;
uint64_t live() { return counted; }
bool write(const char*) { return true; }
}  // namespace ledger
#endif

namespace {

struct Random {
  uint64_t state;
  uint64_t next() {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
  }
  size_t below(size_t n) { return next() % n; }
};

struct Options {
  size_t blocks = 100000;
  size_t threads = 4;
  uint64_t seed = 1;
  const char* truth = nullptr;
  enum { kWait, kAbort, kExit } end = kWait;
} options;

World* worlds;  // in global data: an array that is never freed
pthread_barrier_t barrier;
thread_local char* thread_local_blocks[16];

std::string text_of(Random& random, size_t size) {
  std::string text(size, 'a');
  for (char& c : text) c = static_cast<char>('a' + random.below(26));
  return text;
}

char* block_of(size_t size) {
  auto* block = new char[size];
  memset(block, 0x11, size);
  ledger::is(block, ledger::kRawChars);
  return block;
}

void build(World& world, Random& random, size_t share) {
  ledger::Expect reachable(ledger::kReachable);
  // Some 93 blocks a round, 20 kB; some of them are taken back.
  for (size_t made = 0; made < share; made += 93) {
    for (int i = 0; i < 12; ++i)
      world.guilds.emplace(random.next(), text_of(random, 20 + random.below(60)));
    for (int i = 0; i < 10; ++i) world.scores[random.next()].resize(1 + random.below(60), 42);
    for (int i = 0; i < 10; ++i) world.messages.push_back(text_of(random, 16 + random.below(400)));
    for (int i = 0; i < 14; ++i) {
      world.shapes.push_back(std::make_unique<Square>());
      auto picture = std::make_unique<Picture>();
      picture->name = text_of(random, 24);
      if (random.below(2)) world.shapes.push_back(std::move(picture));
    }
    for (int i = 0; i < 4; ++i) world.shared.push_back(std::make_shared<Square>());
    for (int i = 0; i < 4; ++i) world.buffers.emplace_back(block_of(24 + random.below(2000)));
    for (int i = 0; i < 3; ++i) world.for_neighbour.emplace_back(block_of(64 + random.below(200)));
    if (random.below(200) == 0) world.buffers.emplace_back(block_of(200000 + random.below(200000)));
    if (random.below(4) == 0) world.guilds.erase(world.guilds.begin());
    for (int i = 0; i < 3; ++i) world.messages.pop_front();
    for (int i = 0; i < 3; ++i) world.shapes[random.below(world.shapes.size())].reset();
  }
}

/// The thread before made these; this one gives every other back, to the arena they came from.
void take_over(World& from) {
  for (size_t i = 0; i < from.for_neighbour.size(); i += 2) from.for_neighbour[i].reset();
}

// Not inlined: peers tell by these functions' names which blocks they accuse.

/// Held by rules of the language, or by nothing but a pointer into the middle.
[[gnu::noinline]] void build_interior(World& world, Random& random, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    {
      ledger::Expect kind(ledger::kArray);
      world.arrays.push_back(new Item[2 + random.below(50)]);
    }
    {
      ledger::Expect kind(ledger::kBase);
      world.bases.push_back(new Poster);
    }
    ledger::Expect kind(ledger::kInterior);
    char* block = block_of(96);
    world.interiors.push_back(block + 40);
  }
}

[[gnu::noinline]] void build_tagged(World& world, Random& random, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    ledger::Expect kind(ledger::kTagged);
    auto address = reinterpret_cast<uint64_t>(block_of(32 + random.below(200)));
    world.tagged.push_back(address | (1 + random.below(0x7fff)) << 48);
  }
}

/// A table in a mapping of its own. Each of its blocks holds another.
[[gnu::noinline]] void build_mapping(Random& random, size_t count) {
  auto** table = static_cast<char**>(
      mmap(nullptr, count * 8 + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ledger::Expect kind(ledger::kMapping);
  for (size_t i = 0; i < count; ++i) {
    table[i] = block_of(48 + random.below(100));
    char* child = block_of(40);
    memcpy(table[i] + 16, &child, sizeof child);
  }
}

Node* new_node() {
  auto* node = new Node;
  ledger::is(node, ledger::kNode);
  return node;
}

/// No pointer to the head leaves this function; it is not inlined, and its frame is gone.
[[gnu::noinline]] void leak_tree(Random& random, size_t size) {
  std::vector<Node*> nodes;
  for (size_t i = 0; i < size; ++i) {
    ledger::Expect kind(i == 0 ? ledger::kLeakedHead : ledger::kLeakedWith);
    auto* node = new_node();
    if (i > 0) nodes[(i - 1) / 4]->children[(i - 1) % 4] = node;
    ledger::expect(ledger::kLeakedWith);
    if (random.below(2)) node->text = block_of(24 + random.below(80));
    ledger::expect(ledger::kReachable);
    nodes.push_back(node);
  }
  memset(nodes.data(), 0, nodes.size() * sizeof(Node*));
}

[[gnu::noinline]] void leak_cycle(Random& random, size_t size) {
  ledger::Expect kind(ledger::kLeakedCycle);
  Node* first = new_node();
  Node* last = first;
  for (size_t i = 1; i < size; ++i) {
    last->other = new_node();
    last = last->other;
  }
  last->other = first;
  ledger::expect(ledger::kLeakedWith);
  first->text = block_of(24 + random.below(80));
}

[[gnu::noinline]] void leak(Random& random, size_t count) {
  for (size_t made = 0; made < count;) {
    size_t size = 1 + random.below(random.below(10) == 0 ? 200 : 12);
    if (random.below(4) == 0) {
      leak_cycle(random, size);
      made += size + 1;
    } else {
      leak_tree(random, size);
      made += size + size / 2;
    }
  }
}

/// Overwrites what earlier calls left on the stack where later ones may leave it.
[[gnu::noinline]] void clear_stack() {
  volatile char room[65536];
  for (size_t i = 0; i < sizeof room; ++i) room[i] = 0;
}

void build_all(size_t index) {
  World& world = worlds[index];
  Random random{options.seed * 0x9e3779b97f4a7c15ull + index + 1};
  const size_t share = options.blocks / options.threads;
  build(world, random, share);
  pthread_barrier_wait(&barrier);
  take_over(worlds[(index + 1) % options.threads]);
  pthread_barrier_wait(&barrier);
  build_interior(world, random, share / 1000 + 1);
  build_tagged(world, random, share / 200 + 1);
  build_mapping(random, share / 400 + 1);
  leak(random, share / 100 + 1);
  ledger::Expect kind(ledger::kThreadLocal);
  for (char*& block : thread_local_blocks) block = block_of(80);
}

/// The pointer is nowhere but in r15 while the thread sleeps: what lies in memory is its
/// complement.
[[gnu::noinline]] void sleep_for_ever(uint64_t complement, char* const* on_stack) {
#if defined(__x86_64__)
  static int never;
  for (;;) {
    asm volatile(
        "mov %0, %%r15\n\tnot %%r15\n\txor %%r10d, %%r10d\n\txor %%edx, %%edx\n\t"
        "mov %1, %%rdi\n\tmov %2, %%esi\n\tmov %3, %%eax\n\tsyscall"
        :
        : "r"(complement), "r"(&never), "i"(FUTEX_WAIT), "i"(SYS_futex), "r"(on_stack)
        : "rax", "rcx", "rdx", "rsi", "rdi", "r10", "r11", "r15", "memory");
  }
#else
  for (;;) pause();
#endif
}

[[gnu::noinline]] uint64_t hidden_block() {
  ledger::Expect kind(ledger::kRegister);
  return ~reinterpret_cast<uint64_t>(block_of(100));
}

void* run(void* argument) {
  build_all(reinterpret_cast<size_t>(argument));
  clear_stack();
  char* volatile on_stack[8];
  for (auto& block : on_stack) {
    ledger::Expect kind(ledger::kStack);
    block = block_of(72);
  }
  uint64_t hidden = hidden_block();
  clear_stack();
  pthread_barrier_wait(&barrier);
  sleep_for_ever(hidden, const_cast<char* const*>(on_stack));
  return nullptr;
}

bool take_options(int count, char** words) {
  for (int i = 1; i < count; ++i) {
    std::string word = words[i];
    if (word == "--abort") {
      options.end = Options::kAbort;
      continue;
    }
    if (word == "--exit") {
      options.end = Options::kExit;
      continue;
    }
    if (++i == count) return false;
    if (word == "--blocks")
      options.blocks = strtoull(words[i], nullptr, 0);
    else if (word == "--threads")
      options.threads = strtoull(words[i], nullptr, 0);
    else if (word == "--seed")
      options.seed = strtoull(words[i], nullptr, 0);
    else if (word == "--truth")
      options.truth = words[i];
    else
      return false;
  }
  return options.threads > 0;
}

}  // namespace

int main(int count, char** words) {
  if (!take_options(count, words)) {
    fprintf(stderr, "usage: %s --blocks N --threads T --seed S --truth FILE [--abort|--exit]\n",
            words[0]);
    return 2;
  }
  {
    ledger::Expect reachable(ledger::kReachable);
    worlds = new World[options.threads];
  }
  pthread_barrier_init(&barrier, nullptr, static_cast<unsigned>(options.threads));
  // The first thread is this one. The others' beginning is not waited for: they meet at the
  // barrier.
  for (size_t i = 1; i < options.threads; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, run, reinterpret_cast<void*>(i)) != 0) return 1;
  }
  build_all(0);
  clear_stack();
  pthread_barrier_wait(&barrier);
  if (!name_types(worlds, options.threads)) return 1;
  clear_stack();
  if (options.truth && !ledger::write(options.truth)) return 1;
  char line[64];
  int length =
      snprintf(line, sizeof line, "ready %llu\n", static_cast<unsigned long long>(ledger::live()));
  if (write(1, line, static_cast<size_t>(length)) != length) return 1;
  if (options.end == Options::kAbort) abort();
  if (options.end == Options::kExit) return 0;
  for (;;) pause();
}
