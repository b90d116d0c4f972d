/// Looks for one file by all that is known of it: in stores, at paths, in folders, on servers.
///
/// What is common to images, PDBs, .sym files and maps, of whatever system.
#pragma once

#include <functional>
#include <set>

#include "locate/identity.h"
#include "locate/places.h"
#include "locate/store_layout.h"

namespace inquest::locate {

/// What is known of a file before it is found.
struct Quest {
  std::optional<StoreKey> key = {};          ///< where stores and servers have it
  std::vector<std::string> paths = {};       ///< exact places to try, before folders
  std::vector<std::string> index_keys = {};  ///< FileFacts::index_keys()
  std::vector<std::string> names = {};       ///< file names in folders; case does not matter
  bool in_image_folders = false;             ///< --image folders too, first
  std::function<Check(const std::string& path)> check = {};  ///< is it this build?
};

struct Hit {
  std::string path;
  std::string from;  ///< the URL where it was downloaded now, else the path
  Check check;
};

/// One module's finder; keeps what was refused on the way. Used by one thread.
class Finder {
 public:
  Finder(const Places& places, bool ask_servers, const snapshot::Snapshot& snapshot);

  std::optional<Hit> find(const Quest& quest);
  /// Paths of files beside the dump with one of the names; case does not matter.
  std::vector<std::string> beside_dump(const std::vector<std::string>& names) const;

  void refuse(const std::string& path, const std::string& why);
  const std::vector<std::string>& refused() const { return refused_; }
  std::vector<std::string>& remarks() { return remarks_; }
  const std::vector<std::string>& problems() const { return problems_; }
  const std::set<std::string>& asked() const { return asked_; }
  /// Every path and server that was looked at, for people who wonder. In order.
  const std::vector<std::string>& looked() const { return looked_; }

 private:
  std::optional<Hit> try_path(const Quest& quest, const std::string& path);
  std::optional<Hit> try_all(const Quest& quest, const std::vector<std::string>& paths);
  std::optional<Hit> ask_servers(const Quest& quest);
  std::vector<const Folder*> folders(const Quest& quest) const;

  const Places& places_;
  bool ask_servers_;
  std::string dump_folder_;
  std::set<std::string> tried_;  // of the current quest
  std::vector<std::string> refused_, remarks_, problems_, looked_;
  std::set<std::string> asked_;
};

/// Files of a folder with one of the names, case aside; an exact match first.
std::vector<std::string> files_named(const Listings& listings, const std::string& folder,
                                     const std::vector<std::string>& names);
/// Where a path that a dump recorded is on this machine: itself, or Wine's "Z:\..." as "/...".
/// Empty when there is no such place.
std::string local_path(std::string_view recorded);

}  // namespace inquest::locate
