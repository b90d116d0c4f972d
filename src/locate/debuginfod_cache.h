/// The folder that debuginfod clients share. See debuginfod.h for its layout.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "locate/new_file.h"

namespace inquest::locate {

class DebuginfodCache {
 public:
  /// An empty folder means its standard place.
  explicit DebuginfodCache(std::string folder);

  enum class State : uint8_t { there, known_missing, not_asked };
  State look(const std::string& build_id, std::string_view kind) const;
  std::string path(const std::string& build_id, std::string_view kind) const;

  Result<NewFile> begin(const std::string& build_id, std::string_view kind) const;

  /// Remembers that no server has the file.
  void mark_missing(const std::string& build_id, std::string_view kind) const;
  void remove(const std::string& build_id, std::string_view kind) const;

 private:
  std::string folder_;
};

}  // namespace inquest::locate
