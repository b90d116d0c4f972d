#include "heap/page_tree.h"

#include <map>

namespace inquest::heap {
namespace {

constexpr uint64_t kUserEnd = uint64_t{1} << 47;

/// Where memory is zero, so that no part of it is looked through twice, however many words point
/// into it.
class ZeroRuns {
 public:
  /// The address of the first word in [at, end) that is not zero; `end` when there is none.
  uint64_t next(Words& words, uint64_t at, uint64_t end) {
    while (at < end) {
      auto after = runs_.upper_bound(at);
      if (after != runs_.begin() && std::prev(after)->second > at) {
        at = std::prev(after)->second;
        continue;
      }
      uint64_t limit = after == runs_.end() ? end : std::min(end, after->first), stop = limit;
      words.each_nonzero(at, limit - at, [&](uint64_t found, uint64_t) {
        stop = found;
        return false;
      });
      if (stop > at) add(at, stop);
      if (stop < limit) return stop;
      at = stop;
    }
    return end;
  }

 private:
  void add(uint64_t begin, uint64_t end) {
    auto after = runs_.lower_bound(end);
    if (after != runs_.end() && after->first == end) {
      end = after->second;
      runs_.erase(after);
    }
    auto before = runs_.lower_bound(begin);
    if (before != runs_.begin() && std::prev(before)->second == begin) {
      std::prev(before)->second = end;
    } else {
      runs_.emplace(begin, end);
    }
  }
  std::map<uint64_t, uint64_t> runs_;  // begin -> end, disjoint
};

/// If the word at `at` points to a leaf, the root that it would be in.
std::optional<uint64_t> root_by(Words& words, ZeroRuns& zeros, uint64_t at, uint64_t leaf,
                                TreeShape shape, const PageOf& page_of) {
  if (leaf % 8 != 0 || leaf >= kUserEnd || !words.has(leaf)) return {};
  uint64_t end = leaf + shape.leaf_bytes(), first = zeros.next(words, leaf, end);
  if (first == end) return {};
  auto page = page_of(words, words.word(first), (first - leaf) / 8);
  if (!page) return {};
  return at - (*page >> shape.leaf_bits) * 8;
}

std::optional<uint64_t> find_root(const snapshot::Snapshot& process, AddressRange data,
                                  TreeShape shape, const PageOf& page_of) {
  Words words(process.memory), leaves(process.memory);
  ZeroRuns zeros;
  std::map<uint64_t, size_t> votes;
  uint64_t begin = data.begin.value, end = data.end.value;
  words.each_nonzero(begin, data.size(), [&](uint64_t at, uint64_t word) {
    auto root = root_by(leaves, zeros, at, word, shape, page_of);
    if (root && *root >= begin && *root < end && end - *root >= shape.root_bytes()) ++votes[*root];
    return true;
  });
  auto best = std::max_element(votes.begin(), votes.end(),
                               [](auto& a, auto& b) { return a.second < b.second; });
  return best == votes.end() ? std::nullopt : std::optional(best->first);
}

}  // namespace

std::vector<PageTree> find_page_trees(const snapshot::Snapshot& process, TreeShape shape,
                                      const PageOf& page_of) {
  std::vector<PageTree> found;
  for (size_t i = 0; i < process.modules.size(); ++i) {
    for (const AddressRange& data : writable_data(process, process.modules[i])) {
      if (data.size() < shape.root_bytes()) continue;
      auto root = find_root(process, data, shape, page_of);
      if (!root) continue;
      found.push_back({.root = *root, .module = i, .data = data});
      break;
    }
  }
  return found;
}

Root read_root(Words& words, uint64_t root, TreeShape shape) {
  Root read;
  Words elsewhere = words;
  words.each_nonzero(root, shape.root_bytes(), [&](uint64_t at, uint64_t leaf) {
    uint64_t last = leaf + shape.leaf_bytes() - 8;
    bool there = leaf % 8 == 0 && last < kUserEnd && leaf < last &&
                 (elsewhere.has(leaf) || elsewhere.has(last));
    if (there) {
      read.leaves.push_back({.key = (at - root) / 8, .at = leaf});
    } else {
      read.broken.push_back(at);
    }
    return true;
  });
  std::sort(read.leaves.begin(), read.leaves.end(),
            [](const Leaf& a, const Leaf& b) { return a.at < b.at; });
  uint64_t end = 0;
  std::erase_if(read.leaves, [&](const Leaf& leaf) {
    if (leaf.at < end) {
      read.broken.push_back(root + leaf.key * 8);
      return true;
    }
    end = leaf.at + shape.leaf_bytes();
    return false;
  });
  std::sort(read.leaves.begin(), read.leaves.end(),
            [](const Leaf& a, const Leaf& b) { return a.key < b.key; });
  return read;
}

}  // namespace inquest::heap
