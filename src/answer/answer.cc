#include "answer/answer.h"

#include <iterator>

namespace inquest::answer {

std::string_view name(Kind kind) {
  static constexpr std::string_view names[] = {"null-dereference",
                                               "use-after-free",
                                               "dangling-reference",
                                               "pointer-reused",
                                               "double-free",
                                               "invalid-free",
                                               "heap-corruption",
                                               "heap-overflow",
                                               "stack-overflow",
                                               "stack-smash",
                                               "uncaught-exception",
                                               "assertion",
                                               "pure-virtual-call",
                                               "divide-by-zero",
                                               "illegal-instruction",
                                               "misaligned-access",
                                               "wild-pointer",
                                               "non-canonical-address",
                                               "write-to-readonly",
                                               "execute-nonexecutable",
                                               "out-of-memory",
                                               "address-space-exhausted",
                                               "memory-leak",
                                               "fragmentation",
                                               "deadlock",
                                               "lost-wakeup",
                                               "busy-loop",
                                               "foreign-module",
                                               "bit-flip",
                                               "killed",
                                               "abort",
                                               "unknown"};
  static_assert(std::size(names) == static_cast<size_t>(Kind::unknown) + 1);
  return names[static_cast<size_t>(kind)];
}

}  // namespace inquest::answer
