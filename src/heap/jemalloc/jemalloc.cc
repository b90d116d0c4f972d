#include "heap/jemalloc/jemalloc.h"

#include <algorithm>
#include <set>

#include "heap/collect.h"
#include "heap/jemalloc/arenas.h"
#include "heap/jemalloc/cached.h"
#include "heap/jemalloc/extents.h"
#include "heap/jemalloc/layout.h"
#include "heap/page_tree.h"

namespace inquest::heap {
namespace jemalloc {
namespace {

constexpr uint64_t kMaxExtent = uint64_t{1} << 44;  // more than this, and it is no size
constexpr TreeShape kPageMap{.root_bits = kLevelBits, .leaf_bits = kLevelBits};

/// By the descriptor that a leaf's element names, where both say the same.
std::optional<uint64_t> page_of(Words& words, uint64_t element, uint64_t index) {
  uint64_t descriptor = descriptor_of(element);
  if ((element & 0x60) != 0 || element >> 48 > kSizeClasses || descriptor == 0) return {};
  auto raw = words.read<uint64_t>(descriptor);
  auto at = words.read<uint64_t>(descriptor + kAt);
  auto size = words.read<uint64_t>(descriptor + kSize);
  if (!raw || !at || !size || *at < kPage || *at > kAddressMask >> 1) return {};
  if (*size > kMaxExtent) return {};
  if (Bits{*raw}.state() > uint32_t(ExtentState::merging) || *raw >> 45 != 0) return {};
  uint64_t first = *at / kPage, count = *size / kPage;
  // An extent may begin under the leaf before.
  for (uint64_t last : {first, first + count - 1}) {
    uint64_t page = (last >> kLevelBits << kLevelBits) + index;
    if (page >= first && page - first < count) return page;
  }
  return {};
}

/// The blocks of jemalloc's books (base_block_t) that hold any of `pages`, and those they link to.
std::vector<AddressRange> find_books(Words& words, const std::set<uint64_t>& pages) {
  constexpr uint64_t kSteps = 64;  // a block of several times 2 MiB
  std::vector<AddressRange> books;
  std::set<uint64_t> seen;
  uint64_t end = 0;
  for (uint64_t page : pages) {
    if (page < end) continue;
    uint64_t block = page & ~(kBaseAlign - 1);
    AddressRange found{{page}, {page + kPage}};
    for (uint64_t i = 0; i < kSteps && block != 0; ++i, block -= kBaseAlign) {
      uint64_t size = words.word(block), rest = words.word(block + kBaseDescriptor + kAt);
      if (size % kPage != 0 || page - block >= size || rest < block || rest > block + size)
        continue;
      found = {{block}, {block + size}};
      break;
    }
    end = found.end.value;
    books.push_back(found);
  }
  return books;
}

/// Faults of caches, which are read before any extent, name the first arena, whatever it is.
void report_unmet(const std::vector<Cached>& cached, Collector& collector) {
  collector.restart();
  for (const Cached& entry : cached) {
    if (entry.met) continue;
    collector.fault(entry.slot,
                    fmt::format("{:#x} in a cache is not a block of {} bytes that was given out",
                                entry.region, size_of_class(entry.size_class)),
                    collector.first_arena());
  }
}

bool is_named(const snapshot::Module& module) {
  return module.file_name().find("jemalloc") != std::string_view::npos;
}

bool read(const Input& input, const PageTree& map, Heaps& heaps) {
  Words words(input.process.memory);
  Arenas arenas = find_arenas(input.process, map.data, map.root);
  // In an image of another name something else may look like a page map.
  if (arenas.caches.empty() && !is_named(input.process.modules[map.module])) return false;
  Collector collector(heaps, {.name = "jemalloc", .module = map.module});
  auto [leaves, broken] = read_root(words, map.root, kPageMap);
  collector.fault_roots(broken);
  std::vector<Cached> cached =
      read_caches(words, arenas.caches, collector, collector.first_arena());
  std::vector<uint64_t> own;
  for (const ThreadCache& cache : arenas.caches) own.push_back(cache.stacks);
  std::sort(own.begin(), own.end());
  std::vector<uint64_t> pages = read_extents(words, leaves, arenas, cached, own, collector);
  report_unmet(cached, collector);

  std::set<uint64_t> books(pages.begin(), pages.end());
  for (const Leaf& leaf : leaves) books.insert(leaf.at & ~(kPage - 1));
  for (const auto& [number, at] : arenas.at) books.insert(at & ~(kPage - 1));
  Allocator& allocator = collector.allocator();
  for (AddressRange range : find_books(words, books)) allocator.books.push_back(range);
  allocator.books.push_back({{map.root}, {map.root + kLevelBytes}});
  join(allocator.books);
  allocator.layout = fmt::format(
      "5.3: page map of two levels, pages of 4 KiB, caches of {} threads", arenas.caches.size());
  if (arenas.caches.empty() && !heaps.blocks.empty()) {
    collector.warn("no thread's cache of jemalloc was found: blocks in them count as used",
                   "unless the process ran with tcache:false, take a dump with all memory");
  }
  collector.finish("jemalloc");
  return true;
}

}  // namespace
}  // namespace jemalloc

void find_jemalloc(const Input& input, Heaps& heaps) {
  const snapshot::Snapshot& process = input.process;
  if (process.os != snapshot::Os::linux || process.arch != snapshot::Arch::x86_64) return;
  std::set<size_t> read;
  for (const PageTree& map : find_page_trees(process, jemalloc::kPageMap, jemalloc::page_of)) {
    if (jemalloc::read(input, map, heaps)) read.insert(map.module);
  }
  for (size_t i = 0; i < process.modules.size(); ++i) {
    const snapshot::Module& module = process.modules[i];
    if (read.contains(i) || !jemalloc::is_named(module)) continue;
    heaps.warnings.push_back(
        {.what = fmt::format("{} is loaded, but no page map of jemalloc 5.3 was found in its data",
                             module.path),
         .advice = "its blocks are not listed; only 5.3 as Debian 12 builds it is known, and the "
                   "dump must hold the library's writable memory"});
  }
}

}  // namespace inquest::heap
