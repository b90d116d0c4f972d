/// A symbol store of our own keeping, in SymSrv's layout, so that WinDbg, Breakpad and a plain web
/// server can use it too; ELF files lie in it as gdb wants them (.build-id/ab/cdef, .debug).
///
/// `add` copies, never removes, and changes nothing that is there; files of one name and id are the
/// same file. Not safe for two writers of one file at once beyond that: the last one wins, whole.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "locate/file_facts.h"

namespace inquest::locate {

/// A file of a store, or one that is to become so.
struct StoredFile {
  FileKind kind = FileKind::other;
  std::string path = {};      ///< where it lies now
  std::string relative = {};  ///< its place in the store
  std::string name = {};      ///< "crash.pdb"
  std::string id = {};        ///< as the store names it
  uint64_t bytes = 0;
  std::string problem = {};  ///< why it cannot be kept or trusted; empty when all is well
};

class Store {
 public:
  explicit Store(std::string root) : root_(std::move(root)) {}
  const std::string& root() const { return root_; }

  struct Added {
    std::vector<StoredFile> added, present, refused;  ///< in the order of their paths
  };
  /// Takes every image, PDB, .sym and ELF file with an id below `folder` (or the file itself).
  Result<Added> add(const std::string& folder) const;

  /// Everything that the store holds, packed files and pointers included. Sorted by place.
  Result<std::vector<StoredFile>> list() const;

  /// Reads every file: those whose content has another id than their place says, that are cut, that
  /// are left over from a broken copy. Only those with a problem are returned.
  Result<std::vector<StoredFile>> check() const;

 private:
  std::string root_;
};

}  // namespace inquest::locate
