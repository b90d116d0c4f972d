/// The exception object of a dead C++ process: its type, its what(), its value.
///
/// Relies on the unwind header's class word and, relative to it, on fields that libstdc++ (GCC 3.4
/// to 15) and libc++abi (to 20) have in common on 64-bit targets. Source: Itanium C++ ABI,
/// exception handling, level II, and unwind.h:
///   header - 80  std::type_info* exceptionType (in a dependent exception: see below)
///   header - 48  next caught exception, header - 40 handlerCount (int)
///   header -  8  adjusted pointer, header + 32 the thrown object
/// In a dependent exception (std::rethrow_exception) the word at header - 80 is the primary's
/// thrown object. __cxa_get_globals' thread-local block is { caughtExceptions, unsigned
/// uncaughtExceptions }.
#pragma once

#include <optional>
#include <string>

#include "cause/calls.h"
#include "cause/process.h"
#include "cause/runtime/rtti.h"

namespace inquest::cause {

struct Thrown {
  Address header;  ///< _Unwind_Exception
  Address object;  ///< the thrown object
  TypeInfo type;
  bool type_known = false;               ///< `type` was read; else only that something was thrown
  std::optional<std::string> what = {};  ///< what() says this, or the value thrown
  std::string what_source = {};          ///< how it was read: "std::runtime_error's message"
  bool is_std_exception = false;
  std::string found = {};  ///< how the object was found, for the evidence
};

/// The exception at an unwind header; absent when the class word is not a known one.
std::optional<Thrown> read_thrown(const Process& process, Address header);

/// The exception that the thread is handling or throwing. Absent when there is none or it cannot
/// be found.
std::optional<Thrown> find_thrown(const Process& process, const snapshot::Thread& thread,
                                  const unwind::Stack& stack, const std::vector<Call>& calls);

/// The value that the thread's __cxa_eh_globals says is being handled: found when the C++ runtime's
/// thread-local block could be read. header 0: nothing is.
struct CaughtList {
  Address header;
  uint32_t uncaught = 0;
};
std::optional<CaughtList> caught_list(const Process& process, const snapshot::Thread& thread);

}  // namespace inquest::cause
