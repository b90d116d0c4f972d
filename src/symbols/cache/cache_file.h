/// The folder of compiled symbol caches: one file per build id and format version.
///
/// Files are written under a name of their own and renamed: readers see a whole file or none, and
/// concurrent writers each put a good one. A file that is damaged, old or made from less than what
/// is there now is not used, and is replaced by the next writer.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "locate/locate.h"
#include "symbols/cache/image.h"
#include "symbols/symbols.h"

namespace inquest::symbols {

/// "" when the module has no build id or no folder can be told.
std::string cache_path(const locate::ModuleFiles& files, const Options& options);

/// What an image made from these files would say of its sources (without kDwoMissing).
uint32_t sources_of(const locate::ModuleFiles& files);

/// The module's build id; empty when none.
Bytes build_id_of(const locate::ModuleFiles& files);

/// Null when there is none that can be used.
std::shared_ptr<const Image> open_cache(const std::string& path, const locate::ModuleFiles& files);

/// Makes folders as needed.
Result<> write_cache(const std::string& path, const std::vector<Bytes>& parts);

}  // namespace inquest::symbols
