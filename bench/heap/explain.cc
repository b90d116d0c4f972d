// Why blocks that the program leaked are found reachable: what keeps the first of each such tree.
//
//   bench_heap_explain CORE TRUTH
//
// One line a reason: "N reason", and an example of each.
#include <cstdlib>
#include <fmt/core.h>
#include <map>
#include <string>

#include "heap/heap.h"
#include "ingest/ingest.h"
#include "objects/references.h"
#include "truth.h"

using namespace inquest;
using objects::BlockId;

namespace {

class Explanation {
 public:
  Explanation(const snapshot::Snapshot& process, const heap::Heaps& heaps,
              const objects::References& references, const std::vector<ledger::Record>& truth)
      : process_(process),
        heaps_(heaps),
        references_(references),
        truth_(truth),
        from_(heaps.blocks.size(), kNothing) {}

  void print() {
    for (bool doubtful : {false, true}) {
      spread(doubtful);
      for (BlockId block = 0; block < heaps_.blocks.size(); ++block) {
        const ledger::Record* record = truth_of(block);
        if (!record || !ledger::is_leaked(*record) || from_[block] == kNothing) continue;
        if (references_.reach(block) == objects::Reach::lost) continue;
        if (!known_.insert({block, true}).second) continue;
        explain(block);
      }
    }
    for (const auto& [reason, found] : reasons_)
      fmt::print("{} {}; such as {}\n", found.count, reason, found.example);
  }

 private:
  static constexpr uint32_t kNothing = UINT32_MAX, kRoot = 1u << 31;
  struct Reason {
    size_t count = 0;
    std::string example;
  };

  const ledger::Record* truth_of(BlockId block) const {
    uint64_t begin = heaps_.blocks[block].begin;
    auto at = std::lower_bound(truth_.begin(), truth_.end(), begin,
                               [](const auto& record, uint64_t at) { return record.address < at; });
    return at != truth_.end() && at->address == begin ? &*at : nullptr;
  }

  /// From all roots, each block with the first that was met.
  void spread(bool doubtful) {
    std::vector<BlockId> queue;
    auto meet = [&](BlockId block, uint32_t from) {
      if (from_[block] != kNothing) return;
      from_[block] = from;
      queue.push_back(block);
    };
    const auto& roots = references_.roots();
    for (uint32_t i = 0; i < roots.size(); ++i) {
      if (doubtful || roots[i].into != objects::Into::middle) meet(roots[i].block, kRoot | i);
    }
    for (BlockId block = 0; doubtful && block < from_.size(); ++block) {
      if (from_[block] != kNothing) queue.push_back(block);
    }
    for (size_t i = 0; i < queue.size(); ++i) {
      for (BlockId to : references_.from(queue[i])) {
        if (doubtful || references_.reach(to) == objects::Reach::reachable) meet(to, queue[i]);
      }
    }
  }

  void explain(BlockId block) {
    BlockId leaked = block;
    for (uint32_t from = from_[block]; !(from & kRoot); from = from_[from]) {
      const ledger::Record* record = truth_of(from);
      if (!record || !ledger::is_leaked(*record)) {
        const heap::Block& holder = heaps_.blocks[from];
        return count(fmt::format("held by a live block ({}) of {} bytes",
                                 record ? ledger::kNames[record->kind] : "unknown to the truth",
                                 uint64_t{holder.size}),
                     fmt::format("{:#x} in {:#x}", uint64_t{heaps_.blocks[leaked].begin},
                                 uint64_t{holder.begin}));
      }
      leaked = from;
    }
    const objects::Root& root = references_.roots()[from_[leaked] & ~kRoot];
    count(words_of(root),
          fmt::format("{:#x} at {:#x} (thread {})", uint64_t{heaps_.blocks[leaked].begin},
                      root.at.value, root.thread));
  }

  /// Where the word lies, as far as it tells why it is there.
  std::string words_of(const objects::Root& root) const {
    std::string words(name(root.kind));
    if (root.into == objects::Into::middle) words = "pointer into the middle, " + words;
    if (root.kind == objects::RootKind::registers) return words;
    const snapshot::Region* region = process_.region_at(root.at);
    const snapshot::Module* module = process_.module_at(root.at);
    if (module) words += fmt::format(" of {}", module->file_name());
    for (const snapshot::Thread& thread : process_.threads) {
      auto sp = thread.registers.sp();
      if (!region || !sp || !region->range.contains(*sp)) continue;
      words += root.at < *sp ? " below the stack pointer" : " above the stack pointer";
    }
    return words;
  }

  void count(const std::string& reason, const std::string& example) {
    Reason& found = reasons_[reason];
    if (found.count++ == 0) found.example = example;
  }

  const snapshot::Snapshot& process_;
  const heap::Heaps& heaps_;
  const objects::References& references_;
  const std::vector<ledger::Record>& truth_;
  std::vector<uint32_t> from_;
  std::map<BlockId, bool> known_;
  std::map<std::string, Reason> reasons_;
};

}  // namespace

int main(int count, char** words) {
  if (count != 3) {
    fmt::print(stderr, "usage: {} CORE TRUTH\n", words[0]);
    return 2;
  }
  auto process = ingest::open(words[1]);
  std::vector<ledger::Record> truth = ledger::read(words[2]);
  if (!process || truth.empty()) {
    fmt::print(stderr, "{}\n", process ? "no truth" : process.error().what);
    return 1;
  }
  heap::Heaps heaps = heap::find_heaps({.process = *process});
  // All threads sleep in system calls, where vector registers are stale; `inquest` sees that by the
  // code, which it takes from the libraries' files.
  for (snapshot::Thread& thread : process->threads) thread.vector_state.clear();
  auto references = objects::References::find(*process, heaps, {});
  Explanation(*process, heaps, references, truth).print();
  return 0;
}
