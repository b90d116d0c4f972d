// The fields of a heap that a bug in the program can overwrite: what stands before and in the
// chunks of glibc's malloc, its arenas, heaps and caches; of other allocators, words of their
// books.
#pragma once

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <string>
#include <vector>

#include "heap/glibc/layout.h"
#include "heap/heap.h"
#include "snapshot/snapshot.h"

namespace damage {

using namespace inquest;

struct Target {
  uint64_t at = 0;        // of the word
  std::string kind = {};  // "used chunk of the main arena: size"
};

class Targets {
 public:
  Targets(const snapshot::Snapshot& process, const heap::Heaps& heaps)
      : process_(process), heaps_(heaps) {}

  // Of `each` chunks of every kind.
  std::vector<Target> of_glibc(size_t each) {
    if (each == 0) return {};
    std::map<std::string, std::vector<const heap::Block*>> kinds;
    for (const heap::Block& block : heaps_.blocks) {
      std::string kind = kind_of(block);
      if (!kind.empty()) kinds[kind].push_back(&block);
    }
    for (const auto& [kind, blocks] : kinds) {
      for (size_t i = 0; i < std::min(each, blocks.size()); ++i)
        add_chunk(kind, *blocks[i * blocks.size() / std::min(each, blocks.size())]);
    }
    for (const heap::Arena& arena : heaps_.arenas) add_arena(arena);
    for (const heap::Allocator& allocator : heaps_.allocators) {
      if (allocator.name == "glibc") add_books(allocator, each);
    }
    return std::move(found_);
  }

  // Every word of the allocators' books that is not zero.
  std::vector<Target> of_books() {
    for (const heap::Allocator& allocator : heaps_.allocators) {
      for (const AddressRange& book : allocator.books) {
        for (Address at = book.begin; at + 8 <= book.end; at = at + 8) {
          if (word(at.value) != 0) add(at.value, allocator.name + ": a word of its books");
        }
      }
    }
    return std::move(found_);
  }

 private:
  uint64_t word(uint64_t at) const { return process_.memory.read<uint64_t>({at}).value_or(0); }
  void add(uint64_t at, std::string kind) { found_.push_back({at, std::move(kind)}); }

  std::string kind_of(const heap::Block& block) const {
    if (heaps_.allocators[heaps_.arenas[block.arena].allocator].name != "glibc") return {};
    bool main = heaps_.arenas[block.arena].name == "main arena";
    std::string_view where = main ? "the main arena" : "a thread's arena";
    bool large = block.size + 8 >= 1024;
    switch (block.state()) {
      case heap::State::used:
        return block.mapped ? "used chunk with its own mapping"
                            : fmt::format("used chunk of {}", where);
      case heap::State::cached:
        return fmt::format("cached chunk of {}", where);
      case heap::State::free:
        return fmt::format("free {} chunk of {}", large ? "large" : "small", where);
      case heap::State::unused:
        return large ? fmt::format("top of {}", where) : "";
    }
    return {};
  }

  void add_chunk(const std::string& kind, const heap::Block& block) {
    uint64_t memory = block.begin, size = word(memory - 8) & ~uint64_t{7};
    add(memory - 8, kind + ": size");
    if (block.mapped) add(memory - 16, kind + ": prev_size");
    if (block.state() == heap::State::cached) {
      add(memory, kind + ": next");
      add(memory + 8, kind + ": key");
    }
    if (block.state() != heap::State::free) return;
    add(memory, kind + ": fd");
    add(memory + 8, kind + ": bk");
    add(memory - 16 + size, kind + ": prev_size behind it");
    if (size < 1024) return;
    add(memory + 16, kind + ": fd_nextsize");
    add(memory + 24, kind + ": bk_nextsize");
  }

  void add_arena(const heap::Arena& arena) {
    if (arena.at.value == 0 || heaps_.allocators[arena.allocator].name != "glibc") return;
    heap::glibc::Layout layout;
    for (uint64_t place : heap::glibc::places_of_top(8)) {
      uint64_t last = arena.at.value + place + layout.bin(heap::glibc::kBins - 1);
      if (word(last + 16) == last && word(last + 24) == last) layout.top = place;
    }
    std::string kind = arena.name == "main arena" ? "main arena: " : "thread's arena: ";
    uint64_t fields = arena.at.value + layout.top;
    add(arena.at.value, kind + "mutex and flags");
    for (unsigned i = 0; i < layout.fast_bins(); ++i)
      add(arena.at.value + layout.fast() + 8 * i, kind + "fast bin");
    add(fields, kind + "top");
    add(fields + 8, kind + "last_remainder");
    for (unsigned bin : {0u, 1u, 5u, 40u, 70u, 100u, 125u, 126u}) {
      add(fields + layout.bin(bin) + 16, kind + "fd of a bin");
      add(fields + layout.bin(bin) + 24, kind + "bk of a bin");
    }
    add(fields + layout.next() - 16, kind + "binmap");
    add(fields + layout.next(), kind + "next");
    add(fields + layout.next() + 8, kind + "next_free");
    add(fields + layout.attached_threads(), kind + "attached_threads");
    add(fields + layout.system_bytes(), kind + "system_mem");
    add(fields + layout.system_bytes() + 8, kind + "max_system_mem");
  }

  void add_books(const heap::Allocator& allocator, size_t each) {
    heap::glibc::Layout layout;
    for (const AddressRange& book : allocator.books) {
      uint64_t at = book.begin.value;
      if (at % layout.heap_max() == 0) {
        const char* names[] = {"ar_ptr", "prev", "size", "mprotect_size"};
        for (unsigned i = 0; i < 4; ++i) add(at + 8 * i, std::string("heap_info: ") + names[i]);
      }
      const heap::glibc::CacheLayout& cache = heap::glibc::kCacheLayouts[0];
      if (book.size() != cache.chunk(8) - 8) continue;
      for (unsigned i = 0; i < cache.bins;
           i += static_cast<unsigned>(64 / std::min<size_t>(each * 4, 64))) {
        add((at + 2 * i) & ~uint64_t{7}, "thread cache: counts");
        add(at + cache.entries() + 8 * i, "thread cache: head of a list");
      }
      add(at - 8, "thread cache: size of its chunk");
    }
  }

  const snapshot::Snapshot& process_;
  const heap::Heaps& heaps_;
  std::vector<Target> found_;
};

}  // namespace damage
