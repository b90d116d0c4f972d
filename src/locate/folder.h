/// A folder that the user named: the places in it where a file may be, and, when none of them has
/// it, an index of all its ELF files by build id.
#pragma once

#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/integers.h"

namespace inquest::locate {

/// ROOT/.build-id/ab/cdef... without the suffix; empty for ids too short to have such a place.
std::string build_id_path(const std::string& root, Bytes build_id);

/// What is known of a file before it is found.
struct Wanted {
  Bytes build_id;              ///< may be empty
  std::string_view path;       ///< as recorded in the dump; may be empty
  std::string_view file_name;  ///< its last part
  std::string_view link_name;  ///< of .gnu_debuglink; may be empty
};

class Folder {
 public:
  explicit Folder(std::string path) : path_(std::move(path)) {}

  /// Paths to try, likeliest first; not all exist.
  std::vector<std::string> image_places(const Wanted& wanted) const;
  std::vector<std::string> debug_places(const Wanted& wanted) const;
  /// All files anywhere below with this build id. The first call reads the folder. Thread-safe.
  std::vector<std::string> with_build_id(Bytes build_id) const;
  /// All ELF files without a build id below that have this name. Thread-safe.
  std::vector<std::string> without_build_id(std::string_view file_name) const;

  const std::string& path() const { return path_; }

 private:
  void make_index() const;

  std::string path_;
  mutable std::once_flag indexed_;
  mutable std::unordered_map<std::string, std::vector<std::string>> by_id_;  // hex -> paths
  mutable std::unordered_map<std::string, std::vector<std::string>> by_name_;
};

}  // namespace inquest::locate
