#include "symbols/intervals.h"

#include <gtest/gtest.h>
#include <random>

namespace inquest::symbols {
namespace {

TEST(Intervals, the_lowest_owner_wins_everywhere) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<Interval> claims;
    for (uint32_t owner = 0; owner < 12; ++owner) {
      uint32_t begin = random() % 60;
      claims.push_back({begin, begin + static_cast<uint32_t>(random() % 20), owner});
    }
    auto flat = flatten(claims);
    for (uint32_t at = 0; at < 90; ++at) {
      uint32_t expected = UINT32_MAX;
      for (const Interval& c : claims) {
        if (c.begin <= at && at < c.end) expected = std::min(expected, c.owner);
      }
      const Interval* found = find(flat, at);
      ASSERT_EQ(found ? found->owner : UINT32_MAX, expected) << "round " << round << " at " << at;
    }
    for (size_t i = 1; i < flat.size(); ++i) ASSERT_LE(flat[i - 1].end, flat[i].begin);
  }
}

}  // namespace
}  // namespace inquest::symbols
