/// The blocks of one subheap of a Wine heap.
#pragma once

#include "heap/collect.h"
#include "heap/wine/layout.h"

namespace inquest::heap::wine {

/// Walks from the first block to the end of what is committed; behind damage it goes on at the next
/// header that is borne out by the one behind it. Linear in the committed bytes. False, and nothing
/// added, when there is no subheap of `heap` at `subheap`.
bool walk_subheap(windows::Target& target, const Layout& layout, uint64_t heap, uint64_t subheap,
                  size_t arena, Collector& collector, windows::Claims& claims);

/// The blocks of a group of Wine 9 that a used block [begin, end) of the back end holds.
void walk_group(windows::Target& target, const Layout& layout, AddressRange data, size_t arena,
                Collector& collector);

}  // namespace inquest::heap::wine
