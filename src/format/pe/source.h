/// Where an image's bytes come from: a file, whose sections are laid out anew in memory, or memory.
///
/// Everything returned is borrowed and valid while the source lives. Safe from any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "format/pe/headers.h"

namespace inquest::pe {

class Source {
 public:
  virtual ~Source() = default;
  /// What is there in one run from `rva` on, at most `most` bytes; empty when nothing is.
  virtual Bytes run(uint64_t rva, uint64_t most) const = 0;
  /// The same by file offset; empty where there is no file.
  virtual Bytes stored(uint64_t offset, uint64_t most) const = 0;
};

class FileSource : public Source {
 public:
  FileSource(Bytes bytes, std::shared_ptr<const void> owner)
      : bytes_(bytes), owner_(std::move(owner)) {}
  /// Borrowed; they must outlive the source. Until then only `stored` works.
  void set_headers(const Headers* headers) { headers_ = headers; }
  Bytes run(uint64_t rva, uint64_t most) const override;
  Bytes stored(uint64_t offset, uint64_t most) const override;

 private:
  Bytes bytes_;
  std::shared_ptr<const void> owner_;
  const Headers* headers_ = nullptr;
};

/// Copies pages as they are asked for, and keeps them.
class MemorySource : public Source {
 public:
  explicit MemorySource(File::ReadMemory read) : read_(std::move(read)) {}
  Bytes run(uint64_t rva, uint64_t most) const override;
  Bytes stored(uint64_t, uint64_t) const override { return {}; }

 private:
  Bytes known(uint64_t rva) const;
  Bytes fetch(uint64_t rva, uint64_t size) const;
  void note_hole(uint64_t rva) const;

  File::ReadMemory read_;
  mutable std::mutex mutex_;
  mutable std::multimap<uint64_t, std::vector<std::byte>> runs_;  // by rva; never taken out
  mutable std::set<uint64_t> holes_;  // rvas where reading came to an end
  mutable uint64_t copied_ = 0;
};

/// The section that an rva lies in; null when it lies in none. Of overlapping ones the last.
const Section* section_at(const Headers& headers, uint64_t rva);
/// Bytes that a section takes in memory.
uint64_t extent(const Section& section);

}  // namespace inquest::pe
