#include "symbols/intervals.h"

#include <algorithm>
#include <queue>

namespace inquest::symbols {
namespace {

void append(std::vector<Interval>& out, Interval next) {
  if (next.begin >= next.end) return;
  if (!out.empty() && out.back().owner == next.owner && out.back().end == next.begin) {
    out.back().end = next.end;
  } else {
    out.push_back(next);
  }
}

struct LowestOwnerFirst {
  bool operator()(const Interval& a, const Interval& b) const { return a.owner > b.owner; }
};

}  // namespace

std::vector<Interval> flatten(std::vector<Interval> claims) {
  std::erase_if(claims, [](const Interval& c) { return c.begin >= c.end; });
  std::sort(claims.begin(), claims.end(), [](const Interval& a, const Interval& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.owner < b.owner;
  });
  std::vector<Interval> out;
  out.reserve(claims.size());
  bool disjoint = std::ranges::adjacent_find(claims, [](const Interval& a, const Interval& b) {
                    return b.begin < a.end;
                  }) == claims.end();
  if (disjoint) {  // as functions mostly are
    for (const Interval& claim : claims) append(out, claim);
    return out;
  }
  // Sweep upwards; `open` holds the claims begun so far, those that ended are dropped late.
  std::priority_queue<Interval, std::vector<Interval>, LowestOwnerFirst> open;
  uint32_t at = 0;
  auto advance = [&](uint32_t until) {
    while (!open.empty() && at < until) {
      const Interval top = open.top();
      if (top.end <= at) {
        open.pop();
        continue;
      }
      uint32_t stop = std::min(top.end, until);
      append(out, {at, stop, top.owner});
      at = stop;
    }
    at = until;
  };
  for (const Interval& claim : claims) {
    advance(claim.begin);
    open.push(claim);
  }
  advance(UINT32_MAX);
  return out;
}

const Interval* find(const std::vector<Interval>& sorted, uint32_t at) {
  auto after = std::upper_bound(sorted.begin(), sorted.end(), at,
                                [](uint32_t a, const Interval& i) { return a < i.begin; });
  if (after == sorted.begin()) return nullptr;
  const Interval& candidate = *std::prev(after);
  return at < candidate.end ? &candidate : nullptr;
}

}  // namespace inquest::symbols
