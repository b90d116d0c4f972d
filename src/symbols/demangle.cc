#include <cstdlib>
#include <cxxabi.h>
#include <llvm/Demangle/Demangle.h>

#include "symbols/symbols.h"

namespace inquest::symbols {
namespace {

/// Longer names are not worth the demangler's time; its cost can be far more than linear.
constexpr size_t kLongestName = 16 << 10;

std::string take(char* text) {
  std::string out = text ? text : "";
  std::free(text);
  return out;
}

}  // namespace

// The C++ runtime's demangler is the one of c++filt and gdb: names come out as users know them.
std::string demangle(std::string_view linkage_name) {
  if (linkage_name.size() > kLongestName) return std::string(linkage_name);
  if (linkage_name.starts_with("_R")) {
    if (std::string rust = take(llvm::rustDemangle(linkage_name)); !rust.empty()) return rust;
  }
  if (!linkage_name.starts_with("_Z")) return std::string(linkage_name);
  std::string_view suffix;
  if (linkage_name.ends_with("@plt")) {
    suffix = linkage_name.substr(linkage_name.size() - 4);
    linkage_name.remove_suffix(4);
  }
  int status = 0;
  std::string text =
      take(abi::__cxa_demangle(std::string(linkage_name).c_str(), nullptr, nullptr, &status));
  return status == 0 && !text.empty() ? text + std::string(suffix)
                                      : std::string(linkage_name) + std::string(suffix);
}

}  // namespace inquest::symbols
