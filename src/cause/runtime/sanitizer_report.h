/// The report of a sanitizer that ended the process, as it left it in memory.
///
/// AddressSanitizer's runtime gathers what it prints of an error in pages of its own, from the line
/// of
/// `=` on, and leaves it there. Pure functions; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "answer/answer.h"
#include "cause/process.h"
#include "format/sanitizer/report.h"

namespace inquest::cause {

struct SanitizerReport {
  Address at;  ///< of the text
  sanitizer::Report report;
};
/// Looks at the beginning of every page of the program's own memory: only for a process whose stack
/// says that a sanitizer ended it.
std::optional<SanitizerReport> find_sanitizer_report(const Process& process);

/// The kind of finding for an error's name; abort where there is none.
answer::Kind kind_of_sanitizer_error(std::string_view error);

}  // namespace inquest::cause
