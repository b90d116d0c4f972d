/// Names the word in which a pointer lies: "ngx_cycle", "p in main", "game::Room.first of 0x...".
#pragma once

#include <string>

#include "cause/heap/pointer_words.h"
#include "cause/process.h"
#include "heap/heap.h"
#include "objects/typing.h"

namespace inquest::cause {

/// Borrows all; for one thread.
class HolderWords {
 public:
  HolderWords(const Process& process, const heap::Heaps& heaps, const objects::Typing& typing)
      : process_(process), heaps_(heaps), typing_(typing), members_(typing) {}

  /// Of a word in a typed place, a typed block or an interior object; the address alone where none
  /// of them holds it.
  std::string of(Address word);
  /// The member of a place at `offset`, with `index` behind it: the variable's name, what follows
  /// it, and then the function.
  static std::string of_place(const objects::TypedPlace& place, uint64_t offset,
                              const std::string& index = {});

 private:
  std::string in_type(const objects::TypeInfo& type, const std::string& member, Address at) const;

  const Process& process_;
  const heap::Heaps& heaps_;
  const objects::Typing& typing_;
  MemberNames members_;
};

}  // namespace inquest::cause
