/// What all searches of a Locator share: folders, caches, servers. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "locate/debuginfod.h"
#include "locate/folder.h"
#include "locate/locate.h"
#include "locate/symbol_servers.h"

namespace inquest::locate {

/// The names of the files in folders, each folder read once: it is asked for every module.
class Listings {
 public:
  std::shared_ptr<const std::vector<std::string>> names(const std::string& folder) const;

 private:
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<const std::vector<std::string>>> known_;
};

struct Places {
  Options options;
  std::vector<std::unique_ptr<const Folder>> symbols;
  std::vector<std::unique_ptr<const Folder>> images;
  std::unique_ptr<const Debuginfod> cache_only;
  std::unique_ptr<const Debuginfod> servers;
  std::unique_ptr<const SymbolServers> symbol_servers;

  Listings listings;

  mutable std::mutex mutex;
  /// dwz's files are shared by many debug files. By build id in hex.
  mutable std::map<std::string, std::shared_ptr<const elf::File>> alternates;
};

}  // namespace inquest::locate
