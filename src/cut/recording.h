/// Which memory an analysis read: what a smaller dump must have to give the same answer.
#pragma once

#include <array>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "snapshot/memory.h"

namespace inquest::cut {

/// In lines of 64 bytes. Safe from any thread.
class Recording final : public snapshot::MemoryWatch {
 public:
  static constexpr uint64_t kLine = 64;

  void touched(Address from, uint64_t size) override;

  /// What was touched so far, ascending and disjoint.
  std::vector<AddressRange> ranges() const;
  /// Forgets what was touched.
  void clear();
  /// Whether so much was touched that the rest was not noted.
  bool overflowed() const;

 private:
  /// By page: a bit for each of its lines. In parts, so that threads do not wait for each other.
  struct Part {
    mutable std::mutex mutex;
    std::unordered_map<uint64_t, uint64_t> lines;
    bool overflowed = false;
  };
  void touch_page(uint64_t page, uint64_t mask);

  static constexpr size_t kParts = 16;
  /// 1 GiB in all: more is no small dump.
  static constexpr size_t kMostPages = (1u << 18) / kParts;
  std::array<Part, kParts> parts_;
};

}  // namespace inquest::cut
