/// The search for one module of Windows: its image, its PDB, or Breakpad's text, or a linker's map.
///
/// A PDB is paired by GUID and age and by nothing else, with one exception: a protector may have
/// overwritten the GUID in the executable that ran. Where nothing has the dump's GUID, and exactly
/// one known build has its COFF time stamp (and, better, its size), that build's symbols are taken,
/// and the note says so.
#pragma once

#include "locate/file_facts.h"
#include "locate/finder.h"

namespace inquest::locate {

class WindowsSearch {
 public:
  WindowsSearch(const Places& places, bool ask_servers, const snapshot::Snapshot& snapshot,
                const snapshot::Module& module);
  ModuleFiles run();

 private:
  /// An image that is not what ran, byte for byte, but may be the same build.
  struct Relative {
    std::string path;
    pe::Identity identity;
    bool same_size = false;
    friend bool operator==(const Relative& a, const Relative& b) {
      return a.identity.debug_id == b.identity.debug_id && a.same_size == b.same_size;
    }
  };

  void find_image();
  Check check_image_file(const std::string& path);
  Check check_identity(const std::string& path, const pe::Identity& identity);
  void find_symbols(const std::string& id);
  bool find_pdb(const std::string& id);
  bool find_sym(const std::string& id);
  void find_relatives();
  void pair_with_relative();
  void find_map();
  void conclude();
  void warn();

  void open_image(const std::string& path);
  std::string who() const;
  std::string pdb_name() const;
  std::vector<std::string> beside(const std::vector<std::string>& names) const;

  const Places& places_;
  const snapshot::Module& module_;
  Finder finder_;
  std::string image_name_;  // "crash.exe"
  std::string wanted_id_;   // of the dump; may be empty
  std::string image_id_;    // of the image found
  std::string image_pdb_;   // as it records it
  std::string image_from_, symbols_from_;
  std::vector<Relative> relatives_;
  uint16_t machine_ = 0;      // IMAGE_FILE_MACHINE_* of the dump
  bool public_only_ = false;  // of the symbols found
  ModuleFiles found_;
};

/// Breakpad's text for any module: the quest for it by the names that its debug file may have.
Quest sym_quest(std::string_view debug_file, const std::string& id);

}  // namespace inquest::locate
