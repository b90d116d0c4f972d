// How long the dominators of five million nodes take, and how much memory, on graphs like heaps and
// on graphs that were made to be slow.
//
// Usage: inquest_dominators_bench [NODES]; `./dev bench dominators`
#include <cstdlib>
#include <ctime>
#include <fmt/core.h>
#include <random>

#include "objects/dominators/dominator_tree.h"

using namespace inquest::objects;

namespace {

/// Compressed rows.
struct Rows {
  std::vector<uint32_t> begins{0};
  std::vector<BlockId> targets;

  void add(BlockId target) { targets.push_back(target); }
  void end_row() { begins.push_back(static_cast<uint32_t>(targets.size())); }
  std::span<const BlockId> from(BlockId i) const {
    return std::span(targets).subspan(begins[i], begins[i + 1] - begins[i]);
  }
};

/// Blocks as programs have them: mostly small trees and lists with their payload beside them, links
/// to parents, and some pointers far away.
Rows like_a_heap(uint32_t count, std::mt19937& random) {
  Rows rows;
  for (uint32_t i = 0; i < count; ++i) {
    for (uint64_t child = uint64_t{i} * 2 + 1; child <= uint64_t{i} * 2 + 2; ++child) {
      if (child < count) rows.add(static_cast<BlockId>(child));
    }
    if (i % 4 == 0 && i > 0) rows.add((i - 1) / 2);
    if (i % 16 == 0) rows.add(static_cast<BlockId>(random() % count));
    rows.end_row();
  }
  return rows;
}

/// Every pointer leads anywhere: each look-up waits for memory.
Rows anywhere(uint32_t count, std::mt19937& random) {
  Rows rows;
  for (uint32_t i = 0; i < count; ++i) {
    if (i + 1 < count) rows.add(i + 1);
    rows.add(static_cast<BlockId>(random() % count));
    rows.end_row();
  }
  return rows;
}

/// Linked in both ways: the deepest tree there is.
Rows list(uint32_t count) {
  Rows rows;
  for (uint32_t i = 0; i < count; ++i) {
    if (i > 0) rows.add(i - 1);
    if (i + 1 < count) rows.add(i + 1);
    rows.end_row();
  }
  return rows;
}

/// From the end of a chain pointers lead back to all of it, and from its begin forward: each node's
/// semidominator is far above its parent.
Rows long_ways_up(uint32_t count) {
  Rows rows;
  for (uint32_t i = 0; i < count; ++i) {
    if (i + 1 < count) rows.add(i + 1);
    rows.add(i / 2);
    if (i % 2 == 0 && uint64_t{i} * 3 < uint64_t{count}) rows.add(i * 3);
    rows.end_row();
  }
  return rows;
}

void measure(const char* name, const Rows& rows) {
  auto count = static_cast<uint32_t>(rows.begins.size() - 1);
  FlowGraph graph{.blocks = count, .expected = count + size_t{2}, .from = [&](BlockId i) {
                    return rows.from(i);
                  }};
  graph.tiers = {{{0, 0}}};
  auto start = std::clock();  // of the processor: others may use it too
  DominatorTree tree = find_dominators(std::move(graph));
  double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  fmt::print("{:14} {:>9} nodes {:>9} edges  {:5.2f} s  {:3.0f} bytes a node\n", name, count,
             rows.targets.size(), seconds,
             static_cast<double>(tree.most_bytes) / static_cast<double>(count));
}

}  // namespace

int main(int argc, char** argv) {
  auto count = static_cast<uint32_t>(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 5000000);
  if (count < 2) return 2;
  std::mt19937 random(5);
  measure("like a heap", like_a_heap(count, random));
  measure("anywhere", anywhere(count, random));
  measure("list", list(count));
  measure("long ways up", long_ways_up(count));
}
