// A real heap, damaged one word at a time: what is still found of it, and whether the damage is
// named.
//
//   bench_heap_damage CORE [--each N] [--random N] [--seed N] [--show KIND] [--limit SECONDS]
//
// The core is mapped for this process alone; each damage is made, looked at and taken back. One
// line a kind of field: damages, how they were named, the most blocks that one hid, the slowest.
// A signal to end (TERM, INT) ends it early. Ends with status 1 when a damage took too long or hid
// what it cannot hide.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <random>
#include <sys/mman.h>
#include <unistd.h>

#include "ingest/ingest.h"
#include "targets.h"

using namespace damage;

namespace {

struct Options {
  std::string core;
  size_t each = 3, random = 10'000;
  uint64_t seed = 1;
  std::string show;
  double limit = 5;  // seconds that one look may take
} options;

volatile sig_atomic_t stopped = 0;  // what was seen so far is printed

char current[256];  // what is being done, for who looks at a crash

void tell_and_end(int signal) {
  ssize_t written = write(2, current, strlen(current));
  written +=
      write(2, signal == SIGALRM ? ": does not end\n" : ": crash\n", signal == SIGALRM ? 15 : 8);
  _exit(written > 0 ? 3 : 4);
}

// What one kind of damage came to.
struct Row {
  size_t damages = 0;
  size_t at_field = 0, beside = 0, elsewhere = 0, silent = 0;  // where a fault was named
  size_t silent_and_lost = 0;
  size_t most_lost = 0, most_changed = 0, far = 0;
  double slowest = 0;
};

struct Difference {
  size_t lost = 0, changed = 0;  // blocks not listed as they were; other states
  size_t far = 0;                // of those lost, how many do not lie together around the damage
};

// Blocks that may be lost around a damage: those that it is a part of and those beside it.
constexpr size_t kBeside = 20;

class Bench {
 public:
  Bench(snapshot::Snapshot& process, heap::Heaps before)
      : process_(process), before_(std::move(before)), random_(options.seed) {}

  bool make_writable() {
    const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    for (const auto& piece : process_.memory.pieces()) {
      if (piece.origin != snapshot::Origin::dump || piece.bytes.empty()) continue;
      auto begin = reinterpret_cast<uintptr_t>(piece.bytes.data()) & ~(page - 1);
      auto end = reinterpret_cast<uintptr_t>(piece.bytes.data() + piece.bytes.size());
      if (mprotect(reinterpret_cast<void*>(begin), end - begin, PROT_READ | PROT_WRITE) != 0)
        return false;
    }
    return true;
  }

  // Every value that is worth trying, in turn.
  void all_values(const Target& target) {
    uint64_t* word = word_at(target.at);
    if (!word) return;
    uint64_t old = *word, other = before_.blocks[random_() % before_.blocks.size()].begin;
    for (uint64_t value :
         {uint64_t{0}, uint64_t{0x4141414141414141}, ~uint64_t{0}, old ^ 1, old ^ 2, old ^ 4,
          old + 16, old - 16, old + 32, old ^ 1 << 12, old ^ 1 << 20, old ^ uint64_t{1} << 40,
          other, other - 16, target.at, target.at - 16, uint64_t{random_()}}) {
      try_one(target, word, value);
    }
  }
  void random_value(const Target& target) {
    uint64_t* word = word_at(target.at);
    if (!word) return;
    uint64_t values[] = {random_(), random_() >> (random_() % 64),
                         *word ^ uint64_t{1} << (random_() % 64), *word + (random_() % 64 - 32) * 8,
                         before_.blocks[random_() % before_.blocks.size()].begin};
    try_one({target.at, "random: " + target.kind.substr(0, target.kind.find(':'))}, word,
            values[random_() % std::size(values)]);
  }
  size_t below(size_t n) { return random_() % n; }

  bool print() const {
    fmt::print("{:58}{:>8}{:>9}{:>8}{:>8}{:>8}{:>7}{:>9}{:>6}{:>9}\n", "", "damages", "at field",
               "beside", "other", "silent", "hidden", "restated", "far", "slowest");
    Row all;
    for (const auto& [kind, row] : rows_) {
      print_row(kind, row);
      add(all, row);
    }
    print_row("all", all);
    return all.slowest < options.limit;
  }

 private:
  uint64_t* word_at(uint64_t at) {
    for (const auto& piece : process_.memory.pieces()) {
      if (piece.origin != snapshot::Origin::dump || at < piece.begin.value) continue;
      if (at - piece.begin.value + 8 > piece.bytes.size()) continue;
      return reinterpret_cast<uint64_t*>(const_cast<std::byte*>(piece.bytes.data()) +
                                         (at - piece.begin.value));
    }
    return nullptr;
  }

  void try_one(const Target& target, uint64_t* word, uint64_t value) {
    const uint64_t old = *word;
    if (old == value || stopped) return;
    auto end = fmt::format_to_n(current, sizeof current - 1, "{} at {:#x}: {:#x} -> {:#x}",
                                target.kind, target.at, old, value);
    *end.out = 0;
    *word = value;
    alarm(60);
    auto start = std::chrono::steady_clock::now();
    heap::Heaps after = heap::find_heaps({.process = process_});
    double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    alarm(0);
    *word = old;
    judge(target, after, seconds);
  }

  void judge(const Target& target, const heap::Heaps& after, double seconds) {
    Row& row = rows_[target.kind];
    Difference difference = compare(target.at, after);
    ++row.damages;
    size_t* named = &row.silent;
    if (!after.faults.empty() || after.warnings.size() > before_.warnings.size())
      named = &row.elsewhere;
    for (const heap::Fault& fault : after.faults) {
      if (fault.at.value == target.at) named = &row.at_field;
      if (named != &row.at_field && is_beside(fault, target.at)) named = &row.beside;
    }
    ++*named;
    bool is_silent = named == &row.silent && (difference.lost != 0 || difference.changed != 0);
    row.silent_and_lost += is_silent;
    row.most_lost = std::max(row.most_lost, difference.lost);
    row.most_changed = std::max(row.most_changed, difference.changed);
    row.far += difference.far != 0;
    row.slowest = std::max(row.slowest, seconds);
    if (!options.show.empty() && target.kind.find(options.show) != std::string::npos) {
      fmt::print("{}: {} lost, {} far, {} of another state; {:.3f} s; {}\n", current,
                 difference.lost, difference.far, difference.changed, seconds,
                 after.faults.empty()
                     ? "no fault"
                     : fmt::format("{:#x} {}", after.faults[0].at.value, after.faults[0].what));
    }
  }

  bool is_beside(const heap::Fault& fault, uint64_t at) const {
    uint64_t low = fault.before ? fault.before->value - 16 : 0;
    return at >= low && (!fault.after || at < fault.after->value);
  }

  Difference compare(uint64_t at, const heap::Heaps& after) const {
    Difference difference;
    const auto& old = before_.blocks;
    size_t here =
        static_cast<size_t>(std::lower_bound(old.begin(), old.end(), at,
                                             [](const heap::Block& block, uint64_t place) {
                                               return block.begin < place;
                                             }) -
                            old.begin());
    size_t first = SIZE_MAX, last = 0;
    auto found = after.blocks.begin();
    for (size_t i = 0; i < old.size(); ++i) {
      while (found != after.blocks.end() && found->begin < old[i].begin) ++found;
      if (found == after.blocks.end() || found->begin != old[i].begin ||
          found->size != old[i].size) {
        ++difference.lost;
        first = std::min(first, i);
        last = i;
      } else if (found->state() != old[i].state()) {
        ++difference.changed;
      }
    }
    if (difference.lost == 0) return difference;
    bool is_here = first <= here + kBeside && last + kBeside >= here;
    if (!is_here || difference.lost > kBeside) difference.far = difference.lost;
    return difference;
  }

  static void add(Row& sum, const Row& row) {
    sum.damages += row.damages;
    sum.at_field += row.at_field;
    sum.beside += row.beside;
    sum.elsewhere += row.elsewhere;
    sum.silent += row.silent;
    sum.silent_and_lost += row.silent_and_lost;
    sum.far += row.far;
    sum.most_lost = std::max(sum.most_lost, row.most_lost);
    sum.most_changed = std::max(sum.most_changed, row.most_changed);
    sum.slowest = std::max(sum.slowest, row.slowest);
  }
  static void print_row(const std::string& kind, const Row& row) {
    fmt::print("{:58}{:>8}{:>9}{:>8}{:>8}{:>8}{:>7}{:>9}{:>6}{:>7.0f}ms", kind, row.damages,
               row.at_field, row.beside, row.elsewhere, row.silent, row.most_lost, row.most_changed,
               row.far, row.slowest * 1000);
    if (row.silent_and_lost) fmt::print("  {} silent with blocks lost", row.silent_and_lost);
    fmt::print("\n");
  }

  snapshot::Snapshot& process_;
  heap::Heaps before_;
  std::mt19937_64 random_;
  std::map<std::string, Row> rows_;
};

bool take_options(int count, char** words) {
  for (int i = 1; i < count; ++i) {
    std::string word = words[i];
    if (!word.starts_with("--")) {
      options.core = word;
      continue;
    }
    if (++i == count) return false;
    if (word == "--each")
      options.each = strtoull(words[i], nullptr, 0);
    else if (word == "--random")
      options.random = strtoull(words[i], nullptr, 0);
    else if (word == "--seed")
      options.seed = strtoull(words[i], nullptr, 0);
    else if (word == "--show")
      options.show = words[i];
    else if (word == "--limit")
      options.limit = strtod(words[i], nullptr);
    else
      return false;
  }
  return !options.core.empty();
}

}  // namespace

int main(int count, char** words) {
  if (!take_options(count, words)) {
    fmt::print(
        stderr,
        "usage: {} CORE [--each N] [--random N] [--seed N] [--show KIND] [--limit SECONDS]\n",
        words[0]);
    return 2;
  }
  auto process = ingest::open(options.core);
  if (!process) {
    fmt::print(stderr, "{}\n", process.error().what);
    return 1;
  }
  heap::Heaps heaps = heap::find_heaps({.process = *process});
  std::vector<Target> each = Targets(*process, heaps).of_glibc(options.each);
  std::vector<Target> any = Targets(*process, heaps).of_glibc(1000);
  std::vector<Target> books = Targets(*process, heaps).of_books();
  bool is_glibc = heaps.allocators.size() == 1 && heaps.allocators[0].name == "glibc";
  Bench bench(*process, std::move(heaps));
  if (!bench.make_writable() || (is_glibc ? any : books).empty()) {
    fmt::print(stderr, "nothing in {} can be damaged\n", options.core);
    return 1;
  }
  for (int number : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGALRM}) signal(number, tell_and_end);
  for (int number : {SIGTERM, SIGINT}) signal(number, [](int) { stopped = 1; });
  for (const Target& target : each) {
    if (is_glibc && !stopped) bench.all_values(target);
  }
  for (size_t i = 0; i < options.random && !stopped; ++i) {
    // Chunks, and all that malloc keeps for itself.
    const auto& some = is_glibc && i % 8 != 0 ? any : books;
    if (!some.empty()) bench.random_value(some[bench.below(some.size())]);
  }
  return bench.print() ? 0 : 1;
}
