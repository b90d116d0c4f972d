/// The folder of compiled symbol caches: one file a build and format version.
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

/// Which build of a module: what a cache is found by, and what it says that it is of.
struct Identity {
  std::string name;   ///< of the cache file, without its suffix; empty: the build cannot be told
  std::string bytes;  ///< the build id; for Windows and Breakpad the debug id as text
};
/// From the build id of the files, else the debug id of the image, the PDB or the Breakpad file.
Identity identity_of(const locate::ModuleFiles& files);

/// "" when the build cannot be told or there is no folder.
std::string cache_path(const Identity& identity, const Options& options);

/// Null when there is none that can be used: of that build, made from all of `kinds`.
std::shared_ptr<const Image> open_cache(const std::string& path, const Identity& identity,
                                        uint32_t kinds);

/// Makes folders as needed.
Result<> write_cache(const std::string& path, const std::vector<Bytes>& parts);

}  // namespace inquest::symbols
