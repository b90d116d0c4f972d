#include "testkit/windows_code.h"

#include "testkit/process.h"
#include "testkit/shell.h"

namespace inquest::testkit {

bool can_build_windows() {
  return has_tool("clang-19") && has_tool("lld-link-19") && has_tool("llvm-readobj-19");
}

std::string build_windows_program(const std::string& path, std::string_view source,
                                  const std::string& architecture, const std::string& options,
                                  const std::string& entry) {
  std::string text = path + ".c", object = path + ".obj";
  write_file(text, std::string(source));
  // Without a C library there is nobody to probe the stack or to say that floats are used.
  CommandResult result =
      run_command("clang-19 --target=" + architecture + "-pc-windows-msvc -c " + options +
                  " -mno-stack-arg-probe -funwind-tables -ffreestanding -o " + object + " " + text);
  if (result.status != 0) return result.output;
  std::string fixed = architecture == "aarch64" ? "" : "/dynamicbase:no /fixed ";
  // The usual base lies in what the address sanitizer keeps for itself.
  if (architecture == "x86_64") fixed += "/base:0x200000000000 ";
  result = run_command("lld-link-19 /nodefaultlib /subsystem:console " + fixed + "/entry:" + entry +
                       " /out:" + path + " " + object);
  return result.status == 0 ? std::string() : result.output;
}

}  // namespace inquest::testkit
