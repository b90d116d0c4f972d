#include "snapshot/exceptions.h"

#include <fmt/core.h>
#include <iterator>

namespace inquest::snapshot {

std::string_view exception_words(uint32_t code) {
  switch (code) {
    case exception::kAccessViolation:
      return "access violation";
    case exception::kInPageError:
      return "in-page error: a mapped file could not be read";
    case exception::kMisaligned:
      return "datatype misalignment";
    case exception::kBreakpoint:
      return "breakpoint";
    case exception::kSingleStep:
      return "single step";
    case exception::kGuardPage:
      return "guard page violation";
    case exception::kIllegalInstruction:
      return "illegal instruction";
    case exception::kPrivileged:
      return "privileged instruction";
    case exception::kFloatDivide:
      return "floating-point division by zero";
    case exception::kFloatInvalid:
      return "invalid floating-point operation";
    case exception::kIntegerDivide:
      return "integer division by zero";
    case exception::kIntegerOverflow:
      return "integer overflow";
    case exception::kStackOverflow:
      return "stack overflow";
    case exception::kHeapCorruption:
      return "heap corruption";
    case exception::kFailFast:
      return "fail fast";
    case exception::kInvalidParameter:
      return "invalid parameter passed to the C runtime";
    case exception::kAssertion:
      return "assertion failed";
    case exception::kFatalAppExit:
      return "fatal application exit";
    case exception::kNoMemory:
      return "not enough memory";
    case exception::kInvalidHandle:
      return "invalid handle";
    case exception::kControlC:
      return "Ctrl+C";
    case exception::kCppMicrosoft:
      return "C++ exception";
    case exception::kCppGnu:
      return "C++ exception (GNU)";
    case exception::kManaged:
      return ".NET exception";
    case 0xC000008C:
      return "array bounds exceeded";
    case 0xC000008D:
      return "denormal floating-point operand";
    case 0xC000008F:
      return "inexact floating-point result";
    case 0xC0000091:
      return "floating-point overflow";
    case 0xC0000092:
      return "floating-point stack check";
    case 0xC0000093:
      return "floating-point underflow";
    case 0xC0000025:
      return "noncontinuable exception";
    case 0xC0000026:
      return "invalid disposition";
    case 0xC0000135:
      return "a DLL was not found";
    case 0xC0000138:
      return "an ordinal was not found in a DLL";
    case 0xC0000139:
      return "an entry point was not found in a DLL";
    case 0xC0000142:
      return "a DLL failed to initialise";
    case 0xC0000194:
      return "possible deadlock";
    case 0xC0000602:
      return "fail fast exception";
    case 0xC06D007E:
      return "a delay-loaded DLL was not found";
    case 0xC06D007F:
      return "an entry point of a delay-loaded DLL was not found";
    case 0x406D1388:
      return "a thread was given a name";
    case 0x40010005:
      return "Ctrl+C for a debugger";
    case 0xE0000008:
      return "out of memory (Chromium)";
    case 0x517a7ed:
      return "a dump was asked for, without a crash (Crashpad)";
    default:
      return {};
  }
}

std::string exception_text(uint32_t code) {
  std::string_view words = exception_words(code);
  return fmt::format("{:#x}{}{}", code, words.empty() ? "" : " ", words);
}

std::string_view fail_fast_words(uint64_t code) {
  static constexpr std::string_view words[] = {
      "a stack buffer was overrun (/GS)",                            // 0
      "a virtual table was not the expected one",                    // 1
      "a stack buffer was overrun: the cookie was changed (/GS)",    // 2
      "a linked list was corrupt",                                   // 3
      "a stack pointer was wrong",                                   // 4
      "an invalid argument was passed to the C runtime",             // 5
      "the security cookie was not initialised",                     // 6
      "the program called abort",                                    // 7
      "a range check failed",                                        // 8
      "an unsafe change of the registry was refused",                // 9
      "an indirect call went to where none may (control flow guard)",  // 10
      "a guarded write was refused",                                 // 11
      "a switch to an invalid fiber",                                // 12
      "a set of registers was invalid",                              // 13
      "a reference count was wrong",                                 // 14
      {}, {}, {},
      "a jump buffer was invalid",                                   // 18
      "read-only data was changed",                                  // 19
      "a certificate could not be verified",                         // 20
      "an exception chain was invalid",                              // 21
      "a cryptographic library failed",                              // 22
      "an invalid call of a DLL's entry",                            // 23
      "an invalid base of an image",                                 // 24
      "a delayed load could not be protected",                       // 25
      "an unsafe extension was called",                              // 26
  };
  return code < std::size(words) ? words[code] : std::string_view{};
}

}  // namespace inquest::snapshot
