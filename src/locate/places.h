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

struct Places {
  Options options;
  std::vector<std::unique_ptr<const Folder>> symbols;
  std::vector<std::unique_ptr<const Folder>> images;
  std::unique_ptr<const Debuginfod> cache_only;
  std::unique_ptr<const Debuginfod> servers;
  std::unique_ptr<const SymbolServers> symbol_servers;

  mutable std::mutex mutex;
  /// dwz's files are shared by many debug files. By build id in hex.
  mutable std::map<std::string, std::shared_ptr<const elf::File>> alternates;
};

}  // namespace inquest::locate
