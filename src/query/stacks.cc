#include "query/stacks.h"

#include <algorithm>
#include <numeric>

#include "base/parallel.h"

namespace inquest::query {
namespace {

std::vector<Address> places_of(const std::vector<unwind::Stack>& stacks) {
  std::vector<Address> places;
  for (const auto& stack : stacks) {
    for (const auto& frame : stack.frames) places.push_back(frame.lookup_pc());
  }
  std::ranges::sort(places);
  auto rest = std::ranges::unique(places);
  places.erase(rest.begin(), rest.end());
  return places;
}

}  // namespace

Stacks Stacks::find(const cause::Process& process) {
  const auto& walked = process.stacks();
  std::vector<Address> addresses = places_of(walked);
  Stacks made;
  made.places.resize(addresses.size());
  parallel_for(addresses.size(), [&](size_t i) { made.places[i] = process.locate(addresses[i]); });

  const auto& threads = process.snapshot().threads;
  made.depths.assign(walked.size(), 0);
  std::vector<uint32_t> order(walked.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::stable_sort(order, {}, [&](uint32_t i) { return threads[i].id; });
  for (uint32_t stack : order) {
    const auto& frames = walked[stack].frames;
    for (uint32_t frame = 0; frame < frames.size(); ++frame) {
      auto at = std::ranges::lower_bound(addresses, frames[frame].lookup_pc());
      auto place = static_cast<uint32_t>(at - addresses.begin());
      auto calls = static_cast<uint32_t>(std::max<size_t>(1, made.places[place].source.size()));
      for (uint32_t inner = 0; inner < calls; ++inner) {
        made.calls.push_back({stack, frame, made.depths[stack]++, place, inner});
      }
    }
  }
  return made;
}

const symbols::SourceFrame* Stacks::source(const Call& call) const {
  const auto& source = places[call.place].source;
  return call.inner < source.size() ? &source[call.inner] : nullptr;
}

}  // namespace inquest::query
