/// The text with which the C library gave up: found in the dead process, and what it means.
///
/// glibc 2.2..2.41 keep it: `__libc_message` and `__assert_fail_base` map anonymous pages, write
/// `struct abort_msg_s { unsigned int size; char msg[]; }` there, size being the mapping's bytes
/// (whole pages), and store their address in `__abort_msg` (GLIBC_PRIVATE, in .bss and in
/// .dynsym). Source of the layout: the glibc manual's and gdb's use of `__abort_msg`, the message
/// texts: malloc(3), assert(3), and what glibc prints.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "answer/answer.h"
#include "cause/process.h"

namespace inquest::cause {

struct AbortMessage {
  std::string text;        ///< without the trailing newline
  Address at;              ///< of the text
  bool by_symbol = false;  ///< `__abort_msg` was found by name, not by the shape of its data
};
/// Absent when the process did not leave one, or the memory is not in the dump.
std::optional<AbortMessage> find_abort_message(const Process& process);

/// What a message says, in words to act on.
struct AbortMeaning {
  answer::Kind kind = answer::Kind::abort;
  double confidence = 0;
  std::string what = {};    ///< "a block was freed twice": what happened
  std::string damage = {};  ///< which bookkeeping contradicted itself; may be empty
  std::string advice = {};  ///< what to look at
  /// For assertions: the parts of the text; may be empty.
  std::string file = {}, function = {}, condition = {};
  uint32_t line = 0;
};
AbortMeaning meaning_of(std::string_view message);

}  // namespace inquest::cause
