#include "heap/page_tree.h"

#include <map>

namespace inquest::heap {
namespace {

constexpr uint64_t kUserEnd = uint64_t{1} << 47;

/// If the word at `at` points to a leaf, the root that it would be in.
std::optional<uint64_t> root_by(Words& words, uint64_t at, uint64_t leaf, TreeShape shape,
                                const PageOf& page_of) {
  if (leaf % 8 != 0 || leaf >= kUserEnd || !words.has(leaf)) return {};
  std::optional<uint64_t> page;
  words.each_nonzero(leaf, shape.leaf_bytes(), [&](uint64_t element_at, uint64_t element) {
    page = page_of(words, element, (element_at - leaf) / 8);
    return false;
  });
  if (!page) return {};
  return at - (*page >> shape.leaf_bits) * 8;
}

std::optional<uint64_t> find_root(const snapshot::Snapshot& process, AddressRange data,
                                  TreeShape shape, const PageOf& page_of) {
  Words words(process.memory), leaves(process.memory);
  std::map<uint64_t, size_t> votes;
  uint64_t begin = data.begin.value, end = data.end.value;
  words.each_nonzero(begin, data.size(), [&](uint64_t at, uint64_t word) {
    auto root = root_by(leaves, at, word, shape, page_of);
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

std::vector<Leaf> read_root(Words& words, uint64_t root, TreeShape shape) {
  std::vector<Leaf> leaves;
  words.each_nonzero(root, shape.root_bytes(), [&](uint64_t at, uint64_t leaf) {
    leaves.push_back({.key = (at - root) / 8, .at = leaf});
    return true;
  });
  std::sort(leaves.begin(), leaves.end(), [](const Leaf& a, const Leaf& b) { return a.at < b.at; });
  uint64_t end = 0;
  std::erase_if(leaves, [&](const Leaf& leaf) {
    if (leaf.at < end || leaf.at % 8 != 0 || leaf.at >= kUserEnd) return true;
    end = leaf.at + shape.leaf_bytes();
    return false;
  });
  std::sort(leaves.begin(), leaves.end(),
            [](const Leaf& a, const Leaf& b) { return a.key < b.key; });
  return leaves;
}

}  // namespace inquest::heap
