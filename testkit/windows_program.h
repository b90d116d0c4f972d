/// Windows programs with a PDB, or with DWARF as mingw makes them, built by clang and lld without
/// any Windows library; not to be run.
#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "testkit/process.h"

namespace inquest::testkit {

/// What compiler and linker are told. `target` is "x86_64-pc-windows-msvc", "i686-pc-windows-msvc"
/// or "x86_64-w64-windows-gnu".
struct WindowsBuild {
  std::string target = "x86_64-pc-windows-msvc";
  std::string flags = "-O1";
  std::string link_flags = "";
  friend void PrintTo(const WindowsBuild& build, std::ostream* out) {
    *out << build.target << " " << build.flags;
  }
};

/// app.exe, app.pdb (msvc), app.map in a folder of its own, which is removed with it. The
/// source stands in the .cc; its own static_asserts confirm the layouts that tests expect.
class WindowsProgram {
 public:
  explicit WindowsProgram(const WindowsBuild& build);
  /// False when a tool is missing or the build fails.
  bool made() const { return made_; }
  std::string image() const { return folder_.file("app.exe"); }
  std::string pdb() const { return folder_.file("app.pdb"); }
  std::string map() const { return folder_.file("app.map"); }
  const std::string& folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  bool made_ = false;
};

}  // namespace inquest::testkit
