/// Types of blocks, numbered as a report lists them. Borrows; for one thread.
#pragma once

#include <unordered_map>

#include "answer/heap_map.h"
#include "cause/heap/block_types.h"

namespace inquest::cause {

class TypeNames {
 public:
  /// `plain` makes a name one for people.
  TypeNames(const BlockTypes& types, std::function<std::string(std::string_view)> plain)
      : types_(types), plain_(std::move(plain)), names_(1) {}

  /// The number by which BlockTypes knows it; 0: not known. Quick.
  uint64_t number_of(const heap::Block& block) const { return types_.type_of(block); }
  /// Index into names().
  uint32_t index_of(uint64_t number) {
    if (number == 0) return 0;
    auto [at, is_new] = indices_.try_emplace(number, static_cast<uint32_t>(names_.size()));
    if (is_new) {
      std::string name = types_.name_of(number);
      if (name.empty()) return at->second = 0;
      names_.push_back({.name = name, .plain = plain_(name)});
    }
    return at->second;
  }
  uint32_t index_of(const heap::Block& block) { return index_of(number_of(block)); }
  std::vector<answer::MapType> take() { return std::move(names_); }

 private:
  const BlockTypes& types_;
  std::function<std::string(std::string_view)> plain_;
  std::vector<answer::MapType> names_;
  std::unordered_map<uint64_t, uint32_t> indices_;
};

}  // namespace inquest::cause
