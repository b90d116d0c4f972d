/// A file that is being made: written under a temporary name, then given its own at once, so that
/// no other process ever sees half of it. Removed if it is not kept.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/error.h"

namespace inquest::locate {

class NewFile {
 public:
  /// Makes the folders above it. `advice` is told when that cannot be done.
  static Result<NewFile> begin(std::string path, std::string_view advice);
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  int descriptor() const { return descriptor_; }
  const std::string& temporary_path() const { return temporary_; }
  Result<> keep(unsigned mode);

 private:
  NewFile(int descriptor, std::string temporary, std::string path, std::string_view advice)
      : descriptor_(descriptor),
        temporary_(std::move(temporary)),
        path_(std::move(path)),
        advice_(advice) {}
  int descriptor_;
  std::string temporary_, path_;
  std::string_view advice_;
};

/// One lock a name: two threads that want the same file make it once.
class NameLocks {
 public:
  /// Blocks while another thread holds the name. Release by destruction.
  class Held {
   public:
    explicit Held(std::shared_ptr<std::mutex> mutex) : mutex_(std::move(mutex)), lock_(*mutex_) {}

   private:
    std::shared_ptr<std::mutex> mutex_;
    std::unique_lock<std::mutex> lock_;
  };
  Held hold(const std::string& name) const {
    std::shared_ptr<std::mutex> mutex;
    {
      std::lock_guard lock(mutex_);
      auto& known = by_name_[name];
      if (!known) known = std::make_shared<std::mutex>();
      mutex = known;
    }
    return Held(std::move(mutex));
  }

 private:
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<std::mutex>> by_name_;
};

}  // namespace inquest::locate
