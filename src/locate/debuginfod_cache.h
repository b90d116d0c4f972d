/// The folder that debuginfod clients share. See debuginfod.h for its layout.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace inquest::locate {

class DebuginfodCache {
 public:
  /// An empty folder means its standard place.
  explicit DebuginfodCache(std::string folder);

  enum class State : uint8_t { there, known_missing, not_asked };
  State look(const std::string& build_id, std::string_view kind) const;
  std::string path(const std::string& build_id, std::string_view kind) const;

  /// A file being downloaded: written under a temporary name, then given its own at once, so that
  /// no other process ever sees half of it. Removed if it is not kept.
  class Download {
   public:
    Download(Download&& other) noexcept;
    Download& operator=(Download&&) = delete;
    ~Download();
    int descriptor() const { return descriptor_; }
    Result<> keep();

   private:
    friend class DebuginfodCache;
    Download(int descriptor, std::string temporary, std::string path)
        : descriptor_(descriptor), temporary_(std::move(temporary)), path_(std::move(path)) {}
    int descriptor_;
    std::string temporary_, path_;
  };
  Result<Download> begin(const std::string& build_id, std::string_view kind) const;

  /// Remembers that no server has the file.
  void mark_missing(const std::string& build_id, std::string_view kind) const;
  void remove(const std::string& build_id, std::string_view kind) const;

 private:
  std::string folder_;
};

}  // namespace inquest::locate
