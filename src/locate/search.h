/// One module's search: the places in order, what was refused on the way, the conclusion.
#pragma once

#include <set>

#include "locate/finder.h"
#include "locate/identity.h"
#include "locate/places.h"

namespace inquest::locate {

class Search {
 public:
  Search(const Places& places, bool ask_servers, const snapshot::Snapshot& snapshot,
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
  void find_sym();
  void find_alternate();
  bool try_alternate(const std::string& path, Bytes build_id);
  void conclude();
  void note_times();

  FilePtr open(const std::string& path);
  void refuse(const std::string& path, const std::string& why);
  void take_problems(const std::vector<std::string>& problems);
  Bytes build_id() const;  ///< of the dump, else of the image found

  const Places& places_;
  const Debuginfod& debuginfod_;
  const snapshot::Snapshot& snapshot_;
  const snapshot::Module& module_;
  Wanted wanted_;
  std::optional<uint32_t> link_crc_ = {};
  ModuleFiles found_;
  std::string image_from_, debug_from_, symtab_from_, sym_from_;
  std::set<std::string> tried_;
  std::vector<std::string> refused_;  ///< "PATH has build id ..., not ..."
  std::vector<std::string> remarks_;
  std::vector<std::string> problems_;  ///< servers that failed: a warning each
  bool ask_servers_;
  bool sym_is_public_ = false;
};

}  // namespace inquest::locate
