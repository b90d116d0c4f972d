/// Windows programs for tests, made here: clang's MSVC target, linked by lld without a C library.
#pragma once

#include <string>
#include <string_view>

namespace inquest::testkit {

/// Whether clang-19, lld-link-19 and llvm-readobj-19 are on this machine.
bool can_build_windows();
/// Compiles C text for "x86_64", "aarch64" or "i686" and links it to `path` with `entry` as its way
/// in; at a fixed base, where the architecture allows that. Returns the tools' words when that
/// fails, otherwise nothing.
std::string build_windows_program(const std::string& path, std::string_view source,
                                  const std::string& architecture, const std::string& options,
                                  const std::string& entry);

}  // namespace inquest::testkit
