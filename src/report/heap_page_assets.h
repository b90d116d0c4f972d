/// The style and the scripts of the page about a heap. No data is ever put into any of them.
///
/// The page begins with kPageStyle of page_assets.h. The scripts run in the order below; what they
/// share is in the object `inquest` that the first makes from the page's data.
#pragma once

#include <string_view>

namespace inquest::report {

extern const std::string_view kHeapStyle;
extern const std::string_view kHeapCensusScript;    ///< words, the data, the table of types
extern const std::string_view kHeapMapScript;       ///< the treemap
extern const std::string_view kHeapExplorerScript;  ///< who points where

/// The page's Content-Security-Policy, as kPagePolicy is that of the other page: these very styles
/// and scripts, told by their SHA-256, and nothing from anywhere. The test says the sums.
extern const std::string_view kHeapPolicy;

}  // namespace inquest::report
