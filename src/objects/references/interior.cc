#include "objects/references/interior.h"

#include <algorithm>

namespace inquest::objects {
namespace {

using snapshot::Region;

/// Whether a program that asked for `wanted` bytes may have been given `usable`: size classes are
/// up to a quarter apart, and the smallest block is 24 bytes.
bool is_size_of(uint64_t wanted, uint64_t usable) {
  return wanted <= usable && usable - wanted <= wanted / 4 + 16;
}

const AddressRange* range_with(const std::vector<AddressRange>& ranges, Address at) {
  auto after = std::ranges::upper_bound(ranges, at, {}, &AddressRange::begin);
  if (after == ranges.begin()) return nullptr;
  --after;
  return after->contains(at) ? &*after : nullptr;
}

}  // namespace

InteriorRules::InteriorRules(const snapshot::Snapshot& process)
    : process_(process), word_size_(snapshot::pointer_size(process.arch)) {
  for (const Region& region : process.regions) {
    bool is_constant = region.access && !region.access->write && !region.access->execute;
    // Minidumps often do not say what may be done with a region.
    if ((is_constant || !region.access) && process.module_at(region.range.begin))
      constants_.push_back(region.range);
  }
}

std::optional<uint64_t> InteriorRules::word(uint64_t at) const {
  Bytes bytes = process_.memory.view({at}, word_size_);
  if (bytes.size() < word_size_) return process_.memory.read_pointer({at}, word_size_);
  if (word_size_ == 4) {
    uint32_t half;
    std::memcpy(&half, bytes.data(), 4);
    return half;
  }
  uint64_t value;
  std::memcpy(&value, bytes.data(), 8);
  return value;
}

/// Points into a module's constants; and where those are in the dump, the table begins with a
/// function.
bool InteriorRules::is_virtual_table(uint64_t at) const {
  if (at % word_size_ != 0 || !range_with(constants_, {at})) return false;
  auto function = word(at);
  if (!function || *function == 0) return true;
  const Region* region = process_.region_at({*function});
  return region && process_.module_at({*function}) && (!region->access || region->access->execute);
}

Into InteriorRules::classify(const heap::Block& block, uint64_t at) const {
  uint64_t offset = at - block.begin;
  if (offset % word_size_ != 0 || offset + word_size_ > block.size) return Into::middle;
  bool behind_word = offset == word_size_ || offset == 8;
  bool behind_rep = offset == 3 * word_size_;
  auto first = word(block.begin);
  if (!first) return Into::middle;
  if (behind_word && *first > 0) {
    uint64_t room = block.size - offset;
    if (is_size_of(*first, room)) return Into::length;
    // A whole number of elements fills the block, but for the slack.
    if (*first <= room && is_size_of(room / *first * *first, room)) return Into::array;
  }
  if (behind_rep) {
    auto capacity = word(block.begin + word_size_);
    uint64_t head = 3 * word_size_ + 1;
    if (capacity && *first <= *capacity && *capacity < block.size &&
        is_size_of(head + *capacity, block.size))
      return Into::string;
  }
  if (!is_virtual_table(*first)) return Into::middle;
  auto second = word(at);
  return second && is_virtual_table(*second) ? Into::base_class : Into::middle;
}

}  // namespace inquest::objects
