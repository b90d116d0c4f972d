/// One module's search: the places in order, what was refused on the way, the conclusion.
#pragma once

#include <map>
#include <mutex>
#include <set>

#include "locate/debuginfod.h"
#include "locate/folder.h"
#include "locate/identity.h"
#include "locate/locate.h"

namespace inquest::locate {

/// What all searches of a Locator share. Thread-safe.
struct Places {
  Options options;
  std::vector<std::unique_ptr<const Folder>> symbols;
  std::vector<std::unique_ptr<const Folder>> images;
  std::unique_ptr<const Debuginfod> cache_only;
  std::unique_ptr<const Debuginfod> servers;

  mutable std::mutex mutex;
  /// dwz's files are shared by many debug files. By build id in hex.
  mutable std::map<std::string, std::shared_ptr<const elf::File>> alternates;
};

class Search {
 public:
  Search(const Places& places, const Debuginfod& debuginfod, const snapshot::Snapshot& snapshot,
         const snapshot::Module& module);
  ModuleFiles run();

 private:
  using FilePtr = std::shared_ptr<const elf::File>;

  void find_image();
  bool try_image(const std::string& path);
  void fetch_image();
  void find_debug();
  bool try_debug(const std::string& path);
  void fetch_debug();
  bool accept_debug(FilePtr file, const std::string& from);
  void find_mini_debug();
  void find_alternate();
  bool try_alternate(const std::string& path, Bytes build_id);
  void conclude();
  void note_times();

  FilePtr open(const std::string& path);
  void refuse(const std::string& path, const std::string& why);
  Bytes build_id() const;  ///< of the dump, else of the image found

  const Places& places_;
  const Debuginfod& debuginfod_;
  const snapshot::Snapshot& snapshot_;
  const snapshot::Module& module_;
  Wanted wanted_;
  std::optional<uint32_t> link_crc_ = {};
  ModuleFiles found_;
  std::string image_from_, debug_from_, symtab_from_;
  std::set<std::string> tried_;
  std::vector<std::string> refused_;  ///< "PATH has build id ..., not ..."
  std::vector<std::string> remarks_;
};

}  // namespace inquest::locate
