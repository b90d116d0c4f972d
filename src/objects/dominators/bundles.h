/// Edges by target, 65,536 targets together, sorted bundle by bundle when they are wanted.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <vector>

namespace inquest::objects {

class Bundles {
 public:
  static constexpr uint32_t kTargets = 1 << 16;

  void add(uint32_t source, uint32_t target) {
    size_t at = target / kTargets;
    if (at >= bundles_.size()) bundles_.resize(at + 1);
    Bundle& bundle = bundles_[at];
    if (bundle.used == kEdges) {
      bundle.pages.push_back(std::make_unique_for_overwrite<Page>());
      bundle.used = 0;
      bytes_ += sizeof(Page);
    }
    Page& page = *bundle.pages.back();
    page.sources[bundle.used] = source;
    page.targets[bundle.used++] = static_cast<uint16_t>(target);
  }

  /// Makes `into` answer for these targets; what was kept of them is freed.
  void open(size_t at) {
    begins_.assign(kTargets + 1, 0);
    if (at >= bundles_.size()) return;
    Bundle bundle = std::move(bundles_[at]);
    bundles_[at] = {};
    each(bundle, [&](uint32_t, uint16_t target) { ++begins_[target]; });
    std::inclusive_scan(begins_.begin(), begins_.end(), begins_.begin());
    sources_.resize(begins_.back());
    each(bundle, [&](uint32_t source, uint16_t target) { sources_[--begins_[target]] = source; });
  }

  /// The sources of edges to a target of the open bundle.
  std::span<const uint32_t> into(uint32_t target) const {
    size_t at = target % kTargets;
    return {sources_.data() + begins_[at], begins_[at + 1] - begins_[at]};
  }

  uint64_t own_bytes() const { return bytes_; }  ///< before the first was opened

 private:
  static constexpr uint32_t kEdges = 2048;
  struct Page {
    std::array<uint32_t, kEdges> sources;
    std::array<uint16_t, kEdges> targets;
  };
  struct Bundle {
    std::vector<std::unique_ptr<Page>> pages = {};
    uint32_t used = kEdges;  // of the last page
  };

  template <class Take>
  static void each(const Bundle& bundle, Take&& take) {
    for (const auto& page : bundle.pages) {
      uint32_t used = page == bundle.pages.back() ? bundle.used : kEdges;
      for (uint32_t i = 0; i < used; ++i) take(page->sources[i], page->targets[i]);
    }
  }

  std::vector<Bundle> bundles_;
  std::vector<uint64_t> begins_;
  std::vector<uint32_t> sources_;
  uint64_t bytes_ = 0;
};

}  // namespace inquest::objects
