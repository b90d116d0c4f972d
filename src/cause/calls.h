/// A stack as calls with names: what detectors match against.
///
/// Values; a Call borrows its module from the Snapshot. Any thread.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "cause/process.h"

namespace inquest::cause {

/// One call: a frame, or a call inlined into it.
struct Call {
  size_t frame = 0;           ///< index in the unwind::Stack
  std::string function = {};  ///< demangled, with parameters; empty when not known
  std::string linkage = {};   ///< mangled; may be empty
  std::string file = {};
  uint32_t line = 0;
  bool inlined = false;
  Address pc = {};     ///< where it stood: the exact pc, or pc-1 of a return address
  Address entry = {};  ///< of the outer function; 0 when not known
  const snapshot::Module* module = nullptr;
};

/// Innermost first. At most `frames` frames are looked up: names cost time.
std::vector<Call> calls_of(const Process& process, const unwind::Stack& stack, size_t frames = 256);

/// "std::thread::~thread()" -> "std::thread::~thread"; "__GI_abort" -> "abort". Parameters, return
/// type of templates, ABI tags and glibc's internal prefix go; template arguments stay.
std::string plain_name(std::string_view function);

/// Whether the call is of a function with one of these plain or linkage names.
bool is_any(const Call& call, std::initializer_list<std::string_view> names);

/// Index of the innermost call, from `start` on, with one of these names; npos when none.
inline constexpr size_t kNoCall = static_cast<size_t>(-1);
size_t find_call(const std::vector<Call>& calls, std::initializer_list<std::string_view> names,
                 size_t start = 0);

/// Whether a module belongs to the C or C++ runtime: libc, libstdc++, libc++, libgcc_s, ld.so...
bool is_runtime(const snapshot::Module& module);
/// Whether the call is of the program's own code: not in the runtime, not in namespace std.
bool is_own(const Call& call);
/// Index of the innermost call of the program's own code from `start` on; kNoCall when none.
size_t find_own_call(const std::vector<Call>& calls, size_t start = 0);

/// "`Door::pass(Guest const&)` (main.cc:27)" or what can be said of it.
std::string place_of(const Process& process, const Call& call);

}  // namespace inquest::cause
