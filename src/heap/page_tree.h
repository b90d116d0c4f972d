/// The two-level tables by which allocators know what a page belongs to, found without symbols: a
/// table lies in some module's .bss, and what its leaves point at says where they stand in it.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "heap/words.h"

namespace inquest::heap {

/// A root of 2^root_bits pointers to leaves of 2^leaf_bits elements, one a page; 0 is "none".
struct TreeShape {
  unsigned root_bits;
  unsigned leaf_bits;
  uint64_t root_bytes() const { return uint64_t{8} << root_bits; }
  uint64_t leaf_bytes() const { return uint64_t{8} << leaf_bits; }
};
/// The number of the page that the `index`th element of some leaf is of, by what the element points
/// at: absent when that is nothing of the allocator's.
using PageOf = std::function<std::optional<uint64_t>(Words&, uint64_t element, uint64_t index)>;

struct PageTree {
  uint64_t root = 0;       ///< address of the first pointer
  size_t module = 0;       ///< index into Snapshot::modules
  AddressRange data = {};  ///< the writable memory of the module that it lies in
};
/// At most one a module.
std::vector<PageTree> find_page_trees(const snapshot::Snapshot& process, TreeShape shape,
                                      const PageOf& page_of);

/// A pointer of the root. Ascending by key; the leaves do not overlap each other, so that reading
/// them all costs no more than the dump has bytes.
struct Leaf {
  uint64_t key = 0;  ///< the leaf is of the pages from key << leaf_bits
  uint64_t at = 0;
};
struct Root {
  std::vector<Leaf> leaves = {};
  std::vector<uint64_t> broken = {};  ///< addresses of pointers that point to no leaf
};
Root read_root(Words& words, uint64_t root, TreeShape shape);

}  // namespace inquest::heap
