/// What kills processes on Windows, in words.
///
/// Source: ntstatus.h, winnt.h (STATUS_*, FAST_FAIL_*), winerror.h; the compilers' own codes from
/// their runtimes' sources. Pure functions; safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "snapshot/snapshot.h"

namespace inquest::snapshot {

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
