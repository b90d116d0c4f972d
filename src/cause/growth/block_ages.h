/// Which blocks came, went and stayed between dumps of one process, told by their addresses.
///
/// A block is the same when it lies at the same address, has the same size and no other type. An
/// address that was freed and used again for the same is taken for the same block.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "answer/diff.h"
#include "cause/heap/block_types.h"

namespace inquest::cause {

/// Blocks of no known type are of this.
inline constexpr const char* kUnknownType = "blocks of no known type";

/// Names of types as reports have them, asked of BlockTypes once a type.
class NamesOfTypes {
 public:
  explicit NamesOfTypes(const BlockTypes& types) : types_(types) {}
  const std::string& of(const heap::Block& block);

 private:
  const BlockTypes& types_;
  std::map<uint64_t, std::string> names_;
};

class BlockAges {
 public:
  /// The next dump. 16 bytes a block are kept of the first, of the second only what is new.
  void add(const heap::Heaps& heaps, const BlockTypes& types);
  /// What is compared no more: another process.
  void drop();

  /// Absent before the second dump, or when dropped. All types, most survivors first.
  std::optional<answer::Ages> ages() const;

 private:
  struct Seen {
    uint64_t begin : 48;
    uint64_t kind : 16;  // index into kinds_; 0: not known
    uint64_t size;
  };
  struct Count {
    answer::BlockSum born, alive;
  };
  static bool is_same(const Seen& one, const Seen& other);
  uint16_t kind_of(const std::string& name);
  std::vector<Seen> read(const heap::Heaps& heaps, const BlockTypes& types);

  size_t dumps_ = 0;
  bool dropped_ = false;
  std::vector<Seen> kept_;  // of the first dump, then what was born after it
  std::vector<std::string> kinds_ = {kUnknownType};
  std::map<std::string, uint16_t> numbers_;
  answer::BlockSum gone_ = {};
  std::map<uint16_t, Count> counts_;  // by kind
};

}  // namespace inquest::cause
