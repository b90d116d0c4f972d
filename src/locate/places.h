/// What all searches of a Locator share: folders, caches, servers. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "locate/debuginfod.h"
#include "locate/folder.h"
#include "locate/locate.h"
#include "locate/symbol_servers.h"

namespace inquest::locate {

/// Whether a path leads to one, links followed. Without std::filesystem, which takes a path apart
/// first.
bool is_file(const std::string& path);
bool is_folder(const std::string& path);

/// The names of the files in folders, each folder read once: it is asked for every module.
class Listings {
 public:
  /// Whether there is such a folder; asked of the system once: of a store's folders many modules
  /// ask.
  bool has_folder(const std::string& folder) const;
  std::shared_ptr<const std::vector<std::string>> names(const std::string& folder) const;

 private:
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<const std::vector<std::string>>> known_;
  mutable std::unordered_map<std::string, bool> folders_;
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
