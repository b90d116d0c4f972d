/// A process that ended in std::terminate: who called it, and with which exception.
///
/// The ways there (libstdc++ and libc++abi, by the names of their functions): an exception that no
/// frame catches (__cxa_throw, __cxa_rethrow, when _Unwind_RaiseException comes back: the frames of
/// the throw are still on the stack); one that leaves a noexcept function (__cxa_call_terminate
/// from gcc's personality routine, __clang_call_terminate from clang's landing pads); a pure
/// virtual call
/// (__cxa_pure_virtual); the destructor or assignment of a joinable std::thread; a call in the
/// program.
#pragma once

#include <optional>

#include "cause/runtime/own_abort.h"
#include "cause/runtime/thrown.h"

namespace inquest::cause {

struct Termination {
  enum class Way : uint8_t {
    uncaught,
    noexcept_function,
    pure_virtual,
    joinable_thread,
    empty_rethrow,  ///< `throw;` while no exception was being handled
    called
  };
  Way way = Way::called;
  OwnAbort abort;
  /// The innermost call of the program's own code below the machinery; kNoCall when not known.
  size_t raiser = kNoCall;
  /// For noexcept_function: the call that the exception may not leave; kNoCall when not known.
  size_t barrier = kNoCall;
  std::optional<Thrown> thrown = {};
  bool by_name = true;  ///< std::terminate is on the stack by name
};

/// Absent when the process did not end so, or nothing tells.
std::optional<Termination> termination_of(const Process& process);

}  // namespace inquest::cause
