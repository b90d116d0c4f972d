#include "cause/heap/pointer_words.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <span>

#include "objects/types/piece_view.h"

namespace inquest::cause {
namespace {

using objects::BlockId;

/// The pointers that one block is to hold.
class HolderScan {
 public:
  HolderScan(const heap::Heaps& heaps, std::span<WantedPointer> wanted)
      : heaps_(heaps), wanted_(wanted), exact_left_(wanted.size()) {}

  /// Whether more is to be read.
  bool take(Bytes bytes, uint64_t offset, unsigned word_size) {
    const uint64_t first = begin_of(wanted_.front());
    const heap::Block& last = heaps_.blocks[wanted_.back().to];
    const uint64_t span = last.begin + last.size - first;
    for (size_t at = 0; at + word_size <= bytes.size(); at += word_size) {
      uint64_t word = 0;
      std::memcpy(&word, bytes.data() + at, word_size);
      if (word - first >= span) continue;
      if (take_word(word, offset + at) && --exact_left_ == 0) return false;
    }
    return true;
  }

 private:
  uint64_t begin_of(const WantedPointer& one) const { return heaps_.blocks[one.to].begin; }

  /// Whether it is the first to a begin.
  bool take_word(uint64_t word, uint64_t offset) {
    auto after =
        std::ranges::upper_bound(wanted_, word, {}, [&](const auto& one) { return begin_of(one); });
    if (after == wanted_.begin()) return false;
    WantedPointer& one = *std::prev(after);
    const uint64_t inside = word - begin_of(one);
    if (inside >= heaps_.blocks[one.to].size) return false;
    if (inside != 0) {
      if (!one.offset) one.offset = offset;
      return false;
    }
    if (!exact_.insert(one.to).second) return false;
    one.offset = offset;
    return true;
  }

  const heap::Heaps& heaps_;
  std::span<WantedPointer> wanted_;  // ascending
  size_t exact_left_;
  std::set<BlockId> exact_;
};

}  // namespace

void find_pointers(const snapshot::Snapshot& process, const heap::Heaps& heaps,
                   std::vector<WantedPointer>& wanted, uint64_t most_bytes) {
  std::ranges::sort(wanted, [](const auto& a, const auto& b) { return a < b; });
  auto is_same = [](const auto& a, const auto& b) { return a.from == b.from && a.to == b.to; };
  auto doubles = std::ranges::unique(wanted, is_same);
  wanted.erase(doubles.begin(), doubles.end());
  const unsigned word_size = snapshot::pointer_size(process.arch);
  objects::PieceView memory(process.memory);
  for (size_t i = 0, end = 0; i < wanted.size(); i = end) {
    const heap::Block& holder = heaps.blocks[wanted[i].from];
    while (end < wanted.size() && wanted[end].from == wanted[i].from) ++end;
    HolderScan scan(heaps, std::span(wanted).subspan(i, end - i));
    constexpr uint64_t kStep = 1 << 16;
    for (uint64_t offset = 0; offset < holder.size && most_bytes > 0; offset += kStep) {
      Bytes bytes = memory.at(holder.begin + offset, std::min(kStep, holder.size - offset));
      most_bytes -= std::min<uint64_t>(most_bytes, std::max<uint64_t>(bytes.size(), 1));
      if (!scan.take(bytes, offset, word_size)) break;
    }
  }
}

std::string MemberNames::at(BlockId block, uint64_t offset) {
  constexpr uint64_t kCount = 8;  // before the elements of `new T[n]`
  const objects::BlockType known = typing_.of(block);
  const objects::TypeInfo& type = typing_.types()[known.type];
  if (known.behind_count) {
    if (offset < kCount) return {};
    offset -= kCount;
  }
  if (!type.reader || !type.id || type.size == 0) return {};
  const uint64_t inside = offset % type.size;
  if (inside != offset && !known.is_array) return {};
  auto [name, is_new] = known_.try_emplace({known.type, inside});
  if (is_new) {
    if (auto path = type.reader->member_at(type.id, inside)) name->second = path->path;
  }
  if (!known.is_array) return name->second;
  std::string text = "[" + std::to_string(offset / type.size) + "]";
  if (!name->second.empty() && name->second.front() != '[') text += '.';
  return text + name->second;
}

}  // namespace inquest::cause
