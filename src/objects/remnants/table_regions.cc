#include "objects/remnants/table_regions.h"

namespace inquest::objects {

TableRegions::TableRegions(const snapshot::Snapshot& process) : process_(process) {
  constexpr uint64_t kFarApart = 1ull << 30;
  constexpr size_t kMostPlaces = 8;
  std::vector<AddressRange> places;
  for (const snapshot::Module& module : process.modules) {
    const AddressRange range = module.range;
    const bool is_near = !places.empty() && (places.size() == kMostPlaces ||
                                             range.begin < places.back().end + kFarApart);
    if (is_near) {
      places.back().end = std::max(places.back().end, range.end);
    } else {
      places.push_back(range);
    }
  }
  for (const AddressRange& place : places)
    filters_.push_back({.low = place.begin.value, .span = place.size()});
  for (const snapshot::Region& region : process.regions) {
    if (!process.module_at(region.range.begin)) continue;
    if (region.access && (region.access->execute || !region.access->read)) continue;
    regions_.push_back(region.range);
  }
  // Without a list of regions, all of a module may be anything.
  if (process.regions.empty()) {
    for (const snapshot::Module& module : process.modules) regions_.push_back(module.range);
  }
}

}  // namespace inquest::objects
