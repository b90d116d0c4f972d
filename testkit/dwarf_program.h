/// Programs compiled while a test runs, and the tools that say what their debug information means.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace inquest::testkit {

/// Whether a command is installed.
bool have_tool(std::string_view command);

/// What a shell command prints on standard output; empty when it fails to start.
std::string output_of(const std::string& command);

/// A program in a folder of its own, which is removed with it.
class DwarfProgram {
 public:
  /// `files` are "name.cc" and text; all are compiled one by one in the folder with `flags`, then
  /// linked with `flags`. `path()` is empty when that fails.
  struct File {
    std::string name, text;
  };
  DwarfProgram(std::string_view compiler, std::string_view flags, const std::vector<File>& files);
  DwarfProgram(const DwarfProgram&) = delete;
  DwarfProgram& operator=(const DwarfProgram&) = delete;
  ~DwarfProgram();

  const std::string& path() const { return path_; }
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_, path_;
};

/// Functions of different shapes: inlined calls three deep, namespaces, templates, a static
/// function, a lambda, a class in a function, bit fields, unions, globals; prints its layouts as
/// "name value" lines.
std::vector<DwarfProgram::File> sample_program();

}  // namespace inquest::testkit
