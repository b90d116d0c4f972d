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
  /// How the exception came back, where it was thrown earlier and elsewhere.
  enum class Rethrow : uint8_t {
    no,
    statement,  ///< `throw;`
    pointer     ///< std::rethrow_exception, as std::future::get does
  };
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
  bool barrier_is_destructor = false;
  /// For noexcept_function: exceptions that were still unwinding the stack when this one was
  /// thrown. What they clean up must let none out, noexcept or not.
  uint32_t under_way = 0;
  Rethrow rethrow = Rethrow::no;
  std::optional<Thrown> thrown = {};
  bool by_name = true;  ///< std::terminate is on the stack by name
};

/// Absent when the process did not end so, or nothing tells.
std::optional<Termination> termination_of(const Process& process);

}  // namespace inquest::cause
