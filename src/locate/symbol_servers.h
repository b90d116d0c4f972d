/// Downloads files by their key from symbol servers over HTTP(S), into caches of SymSrv's layout.
///
/// For each file a server is asked for NAME/ID/FILE, then for the packed file ("crash.pd_"), then
/// for file.ptr; under three levels when the server has index2.txt, and in lower case (SSQP). A
/// server that has it not is not asked again for `miss_seconds`; one that cannot be reached, not
/// again in this run. Source: Microsoft "SymStore", "Using SymSrv". Thread-safe, several downloads
/// at once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "locate/http.h"
#include "locate/store_layout.h"
#include "locate/symbol_path.h"

namespace inquest::locate {

class Listings;

class SymbolServers {
 public:
  SymbolServers(std::vector<ServerEntry> servers, long miss_seconds, Http::Progress progress);
  ~SymbolServers();

  /// Why the file at a path is not what was asked for; empty when it is.
  using Refuse = std::function<std::string(const std::string& path)>;
  struct Fetched {
    std::string path = {};                   ///< in a cache; empty when no server gave it
    std::string from = {};                   ///< the URL
    std::vector<std::string> problems = {};  ///< a sentence each: servers that failed
    std::vector<std::string> asked = {};     ///< servers that said no, now or lately
  };
  Fetched fetch(const StoreKey& key, const Refuse& refuse) const;
  bool empty() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The file of a store below `root`, unpacked into `cache` when it is packed there. Paths that
/// exist, likeliest first; `problems` gets a sentence for each that cannot be used. `listings` may
/// be null; else what it knows of folders is not asked of the system again.
std::vector<std::string> files_in_store(const std::string& root, bool three_level,
                                        const StoreKey& key, const std::string& cache,
                                        std::vector<std::string>& problems,
                                        const Listings* listings = nullptr);

}  // namespace inquest::locate
