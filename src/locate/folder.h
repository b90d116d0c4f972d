/// A folder that the user named: the places in it where a file may be, and, when none of them has
/// it, an index of all its files by what identifies them.
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
  /// A `store` is only looked at by key: it may hold a hundred thousand files. A folder with the
  /// marks of SymSrv (pingme.txt, 000Admin, index2.txt) is one by itself.
  explicit Folder(std::string path, bool store = false);

  /// Paths to try, likeliest first; not all exist.
  std::vector<std::string> image_places(const Wanted& wanted) const;
  std::vector<std::string> debug_places(const Wanted& wanted) const;
  /// All files anywhere below with this build id. The first call reads the folder. Thread-safe.
  std::vector<std::string> with_build_id(Bytes build_id) const;
  /// All ELF files without a build id below that have this name. Thread-safe.
  std::vector<std::string> without_build_id(std::string_view file_name) const;

  /// Files of Windows and Breakpad, by FileFacts::index_keys(), or by file name (case does not
  /// matter). Thread-safe.
  std::vector<std::string> with_key(const std::string& index_key) const;
  std::vector<std::string> with_name(std::string_view file_name) const;

  const std::string& path() const { return path_; }
  bool is_store() const { return store_; }
  bool is_three_level() const { return three_level_; }

 private:
  void make_index() const;
  using Index = std::unordered_map<std::string, std::vector<std::string>>;
  std::vector<std::string> indexed(const Index& index, const std::string& key) const;

  std::string path_;
  mutable std::once_flag indexed_;
  mutable Index by_id_;        // index key -> paths
  mutable Index by_name_;      // of ELF files without a build id
  mutable Index by_any_name_;  // lower case; of the other kinds
  bool store_ = false, three_level_ = false;
};

}  // namespace inquest::locate
