/// What Windows calls the codes that processes die of, in words for people.
///
/// Source: ntstatus.h and winnt.h as Microsoft documents them ("[MS-ERREF]", "GetExceptionCode
/// macro", "__fastfail"). Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace inquest::snapshot {

namespace exception {
inline constexpr uint32_t kAccessViolation = 0xC0000005, kInPageError = 0xC0000006,
                          kMisaligned = 0x80000002, kBreakpoint = 0x80000003,
                          kSingleStep = 0x80000004, kGuardPage = 0x80000001,
                          kIllegalInstruction = 0xC000001D, kPrivileged = 0xC0000096,
                          kFloatDivide = 0xC000008E, kFloatInvalid = 0xC0000090,
                          kIntegerDivide = 0xC0000094, kIntegerOverflow = 0xC0000095,
                          kStackOverflow = 0xC00000FD, kHeapCorruption = 0xC0000374,
                          kFailFast = 0xC0000409, kInvalidParameter = 0xC0000417,
                          kAssertion = 0xC0000420, kFatalAppExit = 0x40000015,
                          kNoMemory = 0xC0000017, kInvalidHandle = 0xC0000008,
                          kControlC = 0xC000013A, kCppMicrosoft = 0xE06D7363,
                          kCppGnu = 0x20474343, kManaged = 0xE0434352;
}  // namespace exception

/// "access violation"; empty for a code without a name here.
std::string_view exception_words(uint32_t code);
/// "0xc0000005 access violation", or the number alone.
std::string exception_text(uint32_t code);
/// What the first parameter of 0xC0000409 means: "a stack buffer was overrun (/GS)"...; empty when
/// not known.
std::string_view fail_fast_words(uint64_t code);

}  // namespace inquest::snapshot
