/// What an exception object says: its what(), or its value.
///
/// what() is virtual and may be anything. Its code is in the dump or in the image, and nearly all
/// of them only fetch a pointer; such code is followed on the memory of the dead process (a few
/// hundred instructions at most, no system calls, no writes to the dump). Where that fails, the
/// layouts of libstdc++ and libc++ help: std::logic_error and std::runtime_error hold, behind their
/// vptr, one pointer to the message's characters (libstdc++: __cow_string; libc++:
/// __libcpp_refstring).
#pragma once

#include <optional>
#include <string>

#include "cause/process.h"
#include "cause/runtime/rtti.h"

namespace inquest::cause {

struct ReadText {
  std::string text;
  std::string source;  ///< "what() of the object", "the message of its std::runtime_error", "value"
};
std::optional<ReadText> what_of(const Process& process, Address object, const TypeInfo& type);

/// Characters at `at` when they are a NUL-terminated text: printable ASCII or UTF-8. May be empty.
std::optional<std::string> text_at(const snapshot::Memory& memory, Address at);
/// The content of a libstdc++ std::string (the ABI of GCC 5 and later) at `at`, when one is there:
/// { char* data; size_t size; union { size_t capacity; char local[16]; } }.
std::optional<std::string> std_string_at(const snapshot::Memory& memory, Address at);

}  // namespace inquest::cause
