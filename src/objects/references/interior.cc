#include "objects/references/interior.h"

#include <algorithm>
#include <bit>

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

namespace {

/// The begin of a block, for rules that look at several of its words.
class Head {
 public:
  explicit Head(Bytes bytes) : bytes_(bytes) {}
  size_t words(unsigned word_size) const { return bytes_.size() / word_size; }
  uint64_t word(size_t index, unsigned word_size) const {
    return number(index * word_size, word_size);
  }
  /// Little-endian, of 1, 2, 4 or 8 bytes; 0 where it is not there.
  uint64_t number(size_t offset, size_t bytes) const {
    uint64_t value = 0;
    if (offset + bytes <= bytes_.size()) std::memcpy(&value, bytes_.data() + offset, bytes);
    return value;
  }

 private:
  Bytes bytes_;
};

}  // namespace

/// The strings of redis' library SDS (sds.h): length, capacity, a byte that tells how wide these
/// are, the characters, a zero. The shortest kind has its length in that byte.
bool InteriorRules::is_sds(const heap::Block& block, uint64_t offset) const {
  constexpr uint64_t kLargestHead = 17;
  const Head head(process_.memory.view({block.begin}, kLargestHead));
  uint64_t flags = head.number(offset - 1, 1), length = flags >> 3, room = length;
  if (offset == 1) {
    if ((flags & 7) != 0) return false;
  } else {
    const uint64_t width = (offset - 1) / 2;
    if (flags != static_cast<uint64_t>(std::bit_width(width))) return false;
    length = head.number(0, width);
    room = head.number(width, width);
  }
  if (length > room || room > block.size || !is_size_of(offset + room + 1, block.size))
    return false;
  Bytes end = process_.memory.view({block.begin + offset + length}, 1);
  return !end.empty() && end.front() == std::byte{0};
}

/// tsearch of glibc: { key, left | colour, right }.
bool InteriorRules::is_tree_node(const heap::Block& block) const {
  if (!is_size_of(uint64_t{3} * word_size_, block.size)) return false;
  const Head head(process_.memory.view({block.begin}, uint64_t{3} * word_size_));
  auto is_pointer = [&](uint64_t value) {
    return value % word_size_ == 0 && process_.region_at({value});
  };
  auto is_child = [&](uint64_t value) { return value == 0 || is_pointer(value); };
  uint64_t key = head.word(0, word_size_);
  return key != 0 && process_.region_at({key}) && is_child(head.word(1, word_size_) & ~1ull) &&
         is_child(head.word(2, word_size_));
}

Into InteriorRules::classify_unaligned(const heap::Block& block, uint64_t offset) const {
  switch (offset) {
    case 1:
      if (is_tree_node(block)) return Into::tree_node;
      [[fallthrough]];
    case 3:
    case 5:
    case 9:
    case 17:
      return is_sds(block, offset) ? Into::string : Into::middle;
    default:
      return Into::middle;
  }
}

/// { ..., used up to, end, ... }: pools of nginx and APR, PostgreSQL's memory contexts. `at` is
/// behind these two words and below what is used.
bool InteriorRules::is_in_pool(const heap::Block& block, uint64_t at) const {
  constexpr size_t kWords = 8;
  const Head head(process_.memory.view({block.begin}, kWords * word_size_));
  for (size_t i = 0; i + 1 < head.words(word_size_); ++i) {
    uint64_t used = head.word(i, word_size_), end = head.word(i + 1, word_size_);
    if (used <= block.begin || used > end || end > block.begin + block.size) continue;
    if (!is_size_of(end - block.begin, block.size)) continue;
    return at < used && at >= block.begin + (i + 2) * word_size_;
  }
  return false;
}

/// PyObject_HEAD { count, type } behind PyGC_Head (2 words; 2 more where a dictionary is kept
/// before the object). What is a type has a type in its turn, and so on up to `type`, which is its
/// own. Source: Include/object.h, Objects/typeobject.c of CPython 3.8 to 3.12.
bool InteriorRules::is_python_object(uint64_t at) const {
  constexpr uint64_t kMostCount = 1ull << 32;
  constexpr int kMostLevels = 4;
  auto count = word(at), type = word(at + word_size_);
  if (!count || *count == 0 || *count > kMostCount) return false;
  for (int level = 0; level < kMostLevels; ++level) {
    if (!type || *type == 0 || *type % word_size_ != 0) return false;
    auto above = word(*type + word_size_);
    if (above == type) return true;
    type = above;
  }
  return false;
}

Into InteriorRules::classify(const heap::Block& block, uint64_t at) const {
  uint64_t offset = at - block.begin;
  if (offset % word_size_ != 0) return classify_unaligned(block, offset);
  if (offset + word_size_ > block.size) return Into::middle;
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
  auto second = word(at);
  if (!second) return Into::middle;
  if (is_virtual_table(*first) && is_virtual_table(*second)) return Into::base_class;
  if (names_block(block, *second, *first) ||
      names_block(block, word(at + word_size_).value_or(0), *first))
    return Into::back_pointer;
  bool behind_collector = offset == uint64_t{2} * word_size_ || offset == uint64_t{4} * word_size_;
  if (behind_collector && is_python_object(at)) return Into::collected;
  return is_in_pool(block, at) ? Into::pool : Into::middle;
}

/// What was allocated aligned by hand, or with a header behind the data, keeps where its block
/// begins: at its begin, or behind a length.
bool InteriorRules::names_block(const heap::Block& block, uint64_t word, uint64_t first) const {
  if (word == block.begin) return true;
  uint64_t behind = word - block.begin;
  return behind == 8 && block.size > behind && is_size_of(first, block.size - behind);
}

}  // namespace inquest::objects
