#include <cstdlib>
#include <llvm/Demangle/Demangle.h>

#include "symbols/symbols.h"

// Not by <cxxabi.h>: where libc++abi is installed, its header of that name stands before the
// runtime's own on LLVM's path, and the two contradict each other.
namespace __cxxabiv1 {
// NOLINTNEXTLINE(bugprone-reserved-identifier): its name is the ABI's.
extern "C" char* __cxa_demangle(const char* name, char* buffer, size_t* length, int* status);
}  // namespace __cxxabiv1

namespace inquest::symbols {
namespace {

/// Longer names are not worth the demangler's time; its cost can be far more than linear.
constexpr size_t kLongestMangled = 16 << 10;

std::string take(char* text) {
  std::string out = text ? text : "";
  std::free(text);
  return out;
}

/// As undname prints them with the flags that debuggers use: names and parameters.
std::string demangle_microsoft(std::string_view name) {
  constexpr int kFlags = llvm::MSDF_NoAccessSpecifier | llvm::MSDF_NoCallingConvention |
                         llvm::MSDF_NoReturnType | llvm::MSDF_NoMemberType |
                         llvm::MSDF_NoVariableType;
  int status = 0;
  std::string text = take(
      llvm::microsoftDemangle(name, nullptr, &status, static_cast<llvm::MSDemangleFlags>(kFlags)));
  return status == 0 ? text : std::string{};
}

/// x86 Windows: "_name@12" (stdcall) and "@name@12" (fastcall); anything else comes back as it is.
std::string_view undecorate(std::string_view name) {
  if (!name.starts_with("_") && !name.starts_with("@")) return name;
  const size_t at = name.rfind('@');
  const bool has_size = at != name.npos && at > 1 && at + 1 < name.size() &&
                        name.find_first_not_of("0123456789", at + 1) == name.npos;
  return has_size ? name.substr(1, at - 1) : name;
}

/// Windows: imports and incremental-linking thunks put a word before the mangled name.
std::string_view split_import(std::string_view& name) {
  constexpr std::string_view kImport = "__imp_";
  if (!name.starts_with(kImport)) return {};
  std::string_view rest = name.substr(kImport.size());
  if (!rest.starts_with("?") && !rest.starts_with("_Z")) return {};
  name = rest;
  return kImport;
}

}  // namespace

// The C++ runtime's demangler is the one of c++filt and gdb: names come out as users know them.
std::string demangle(std::string_view linkage_name) {
  if (linkage_name.size() > kLongestMangled) return std::string(linkage_name);
  if (linkage_name.starts_with("_R")) {
    if (std::string rust = take(llvm::rustDemangle(linkage_name)); !rust.empty()) return rust;
  }
  std::string_view prefix = split_import(linkage_name);
  if (linkage_name.starts_with("?")) {
    std::string text = demangle_microsoft(linkage_name);
    return std::string(prefix) + (text.empty() ? std::string(linkage_name) : text);
  }
  if (!linkage_name.starts_with("_Z")) return std::string(undecorate(linkage_name));
  std::string_view suffix;
  if (linkage_name.ends_with("@plt")) {
    suffix = linkage_name.substr(linkage_name.size() - 4);
    linkage_name.remove_suffix(4);
  }
  int status = 0;
  std::string text = take(
      __cxxabiv1::__cxa_demangle(std::string(linkage_name).c_str(), nullptr, nullptr, &status));
  if (status != 0 || text.empty()) text = linkage_name;
  return std::string(prefix) + text + std::string(suffix);
}

}  // namespace inquest::symbols
