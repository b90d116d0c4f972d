/// What kind of object a block is, as far as that is known: what reports group blocks by.
///
/// By the virtual table that a block begins with, which costs nothing; heap_types.h knows more.
/// Values that borrow; safe from one thread at a time.
#pragma once

#include <functional>
#include <string>

#include "cause/process.h"
#include "heap/heap.h"

namespace inquest::cause {

struct BlockTypes {
  /// Blocks of one type have the same number; 0: not known. Asked of very many: quick.
  std::function<uint64_t(const heap::Block&)> type_of = {};
  /// "game::Guild"; empty when it has no name. Asked of few.
  std::function<std::string(uint64_t type)> name_of = {};
  /// "log", "members", "[3].name": what of its type a block holds at an offset. May say nothing,
  /// may be empty.
  std::function<std::string(const heap::Block&, uint64_t offset)> member_of = {};
};

/// Named by the type information in the image, else by symbols. Borrows the process.
BlockTypes types_by_virtual_table(const Process& process);

}  // namespace inquest::cause
