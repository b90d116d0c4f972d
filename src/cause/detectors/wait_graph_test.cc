#include "cause/detectors/wait_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace inquest::cause {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(WaitGraph, ChainIsNoRing) { EXPECT_THAT(find_rings({{1}, {2}, {}}), IsEmpty()); }

TEST(WaitGraph, RingWithATail) {
  EXPECT_THAT(find_rings({{1}, {2}, {3}, {1}}), ElementsAre(ElementsAre(1, 2, 3)));
}

TEST(WaitGraph, OfOne) { EXPECT_THAT(find_rings({{}, {1}}), ElementsAre(ElementsAre(1))); }

TEST(WaitGraph, TwoRings) {
  EXPECT_THAT(find_rings({{1}, {0}, {3}, {2}, {0}}),
              ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3)));
}

TEST(WaitGraph, LongChainNeedsNoStack) {
  std::vector<std::vector<size_t>> edges(200000);
  for (size_t i = 0; i < edges.size(); ++i) edges[i].push_back((i + 1) % edges.size());
  EXPECT_EQ(find_rings(edges).front().size(), edges.size());
}

}  // namespace
}  // namespace inquest::cause
