/// A symbol image, looked up in place: O(log n), touching few pages.
///
/// Immutable bytes of any origin; opening checks the header only. Every block is checked against
/// its hash when it is first touched: damage is noticed then (`damaged`), and answers from there on
/// are empty. Hostile bytes that hash right can give wrong answers, never a crash or a hang.
/// Safe from several threads.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/cursor.h"
#include "symbols/cache/image_format.h"
#include "symbols/unit_symbols.h"

namespace inquest::symbols {

/// A frame as the image knows it: names not demangled. Borrowed from the image's bytes.
struct ImageFrame {
  std::string_view name;
  bool is_linkage = false;
  std::string_view file;  ///< empty when not known
  uint32_t line = 0;
  uint32_t column = 0;
  bool inlined = false;
  CodeRange code = {};
};

class Image {
 public:
  /// `owner` keeps the bytes alive.
  static Result<std::unique_ptr<Image>> open(Bytes bytes, std::shared_ptr<const void> owner,
                                             std::string path);

  Bytes build_id() const;
  uint32_t sources() const { return header_.sources; }

  /// Innermost first; empty when no function holds the address.
  std::vector<ImageFrame> frames_at(uint32_t rva) const;
  struct Line {
    std::string_view file;
    uint32_t line = 0, column = 0;
  };
  std::optional<Line> line_at(uint32_t rva) const;

  std::optional<Symbol> symbol_at(uint32_t rva) const;
  std::optional<Symbol> find_symbol(std::string_view name) const;

  /// Ranges of all functions, for tests and tools.
  std::vector<CodeRange> function_ranges() const;

  bool damaged() const { return damaged_.load(std::memory_order_relaxed); }

 private:
  Image(Bytes bytes, std::shared_ptr<const void> owner);
  Result<> check(const std::string& path);

  uint64_t count(image::SectionIndex section, uint64_t record) const;
  /// n bytes at `offset` of a section, checked; empty when outside or damaged.
  Bytes view(image::SectionIndex section, uint64_t offset, uint64_t n) const;
  /// From `offset` to the section's end, not yet checked.
  uint64_t left(image::SectionIndex section, uint64_t offset) const;
  bool verify(uint64_t from, uint64_t to) const;
  template <class T>
  std::optional<T> record(image::SectionIndex section, uint64_t index) const;
  /// The record of a sorted disjoint array that holds `rva`.
  template <class T>
  std::optional<T> holding(image::SectionIndex section, uint32_t rva) const;
  std::string_view text(uint64_t offset) const;
  std::string_view file(uint32_t index) const;
  void set_name(ImageFrame& frame, uint32_t name) const;
  void descend(uint32_t calls, uint32_t rva, uint32_t entry, std::vector<ImageFrame>& chain) const;

  Bytes bytes_;
  std::shared_ptr<const void> owner_;
  image::Header header_{};
  uint64_t blocks_begin_ = 0;
  uint64_t block_count_ = 0;
  mutable std::vector<std::atomic<uint8_t>> verified_;  // by block
  mutable std::atomic<bool> damaged_{false};
};

}  // namespace inquest::symbols
