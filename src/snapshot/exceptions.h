/// What kills processes on Windows, in words.
///
/// Source: ntstatus.h, winnt.h (STATUS_*, FAST_FAIL_*), winerror.h; the compilers' own codes from
/// their runtimes' sources. Pure functions; safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "snapshot/snapshot.h"

namespace inquest::snapshot {

/// Codes that are told apart.
namespace exception {
inline constexpr uint32_t kAccessViolation = 0xC0000005, kInPageError = 0xC0000006,
                          kMisaligned = 0x80000002, kBreakpoint = 0x80000003,
                          kGuardPage = 0x80000001, kIllegalInstruction = 0xC000001D,
                          kPrivileged = 0xC0000096, kFloatDivide = 0xC000008E,
                          kIntegerDivide = 0xC0000094, kIntegerOverflow = 0xC0000095,
                          kStackOverflow = 0xC00000FD, kHeapCorruption = 0xC0000374,
                          kFailFast = 0xC0000409, kInvalidParameter = 0xC0000417,
                          kAssertion = 0xC0000420, kFatalAppExit = 0x40000015,
                          kNoMemory = 0xC0000017, kNoMemoryChromium = 0xE0000008,
                          kInvalidHandle = 0xC0000008, kControlC = 0xC000013A,
                          kControlCDebug = 0x40010005, kCppMicrosoft = 0xE06D7363,
                          kCppGnu = 0x20474343, kManaged = 0xE0434352;
}  // namespace exception

/// "access violation"; empty for a code that is not known.
std::string_view exception_name(uint32_t code);
/// What __fastfail(sub_code) says: "stack cookie check failed"; empty when not known.
std::string_view fail_fast_name(uint64_t sub_code);
/// Mach's, on macOS: "bad access"; empty when not known.
std::string_view mach_exception_name(uint32_t code);

/// "0xc0000005 access violation writing 0x24", with what the parameters add. `fault` has an
/// exception code.
std::string exception_words(const Fault& fault, Os os);

}  // namespace inquest::snapshot
