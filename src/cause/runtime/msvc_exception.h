/// The exception object of Microsoft's C++ runtime, from the parameters of exception 0xE06D7363.
///
/// Layout: parameter 0 a magic number, 1 the object, 2 its ThrowInfo, 3 (64 bit) the image that
/// ThrowInfo's RVAs count from. ThrowInfo { attributes, unwind, forward, catchable types };
/// the types { count, CatchableType... } most derived first; CatchableType { properties, type,
/// mdisp, pdisp, vdisp, size, copy }; type_info { vftable, undecorated name, ".?AVname@@" }.
/// Source: the structures that compilers emit, as the LLVM project documents them in its
/// Microsoft C++ ABI code generation; std::exception { vftable, { char* what, bool } } of the STL
/// since Visual C++ 2015.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cause/process.h"

namespace inquest::cause {

struct MicrosoftException {
  Address object;
  std::vector<std::string> types = {};  ///< most derived first, then its bases; may be empty
  std::optional<std::string> what = {};
};

/// Absent when the process did not die of one, or its parameters are not there.
std::optional<MicrosoftException> microsoft_exception(const Process& process);

/// ".?AVruntime_error@std@@" -> "std::runtime_error".
std::string type_name(std::string_view decorated);

}  // namespace inquest::cause
