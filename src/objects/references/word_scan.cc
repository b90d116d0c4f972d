#include "objects/references/word_scan.h"

namespace inquest::objects {

WordScan::WordScan(const snapshot::Snapshot& process, const heap::Heaps& heaps,
                   const BlockIndex& index, const InteriorRules& rules, uint64_t pointer_mask)
    : memory_(process.memory),
      blocks_(heaps.blocks),
      index_(index),
      rules_(rules),
      word_size_(snapshot::pointer_size(process.arch)),
      find_tags_(pointer_mask == 0 && word_size_ == 8),
      filter_{.keep = find_tags_ ? kAddressBits : ~pointer_mask,
              .low = index.low(),
              .span = index.span()} {}

}  // namespace inquest::objects
