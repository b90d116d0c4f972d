#include <charconv>
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

/// Rust's older mangling is C++'s with a hash for a last name ("17h" and 16 digits) and marks for
/// what an assembler may not like: "$LT$", "$u7b$", ".." for "::". The hash tells builds apart, not
/// functions, and goes. Source: rustc's legacy symbol names
/// (compiler/rustc_symbol_mangling/legacy.rs).
bool is_old_rust(std::string_view text) {
  constexpr std::string_view kHash = "::h";
  constexpr size_t kDigits = 16;
  if (text.size() < kHash.size() + kDigits) return false;
  std::string_view tail = text.substr(text.size() - kHash.size() - kDigits);
  return tail.starts_with(kHash) &&
         tail.find_first_not_of("0123456789abcdef", kHash.size()) == tail.npos;
}

/// What `$mark$` stands for; 0 when it is none of Rust's.
char32_t rust_mark(std::string_view mark) {
  constexpr std::pair<std::string_view, char32_t> kMarks[] = {{"SP", '@'}, {"BP", '*'}, {"RF", '&'},
                                                              {"LT", '<'}, {"GT", '>'}, {"LP", '('},
                                                              {"RP", ')'}, {"C", ','}};
  for (const auto& [name, meant] : kMarks) {
    if (mark == name) return meant;
  }
  uint32_t code = 0;
  if (mark.size() < 2 || mark[0] != 'u') return 0;
  auto [end, error] = std::from_chars(mark.data() + 1, mark.data() + mark.size(), code, 16);
  bool is_printable = code >= 0x20 && code < 0x7f;
  return error == std::errc{} && end == mark.data() + mark.size() && is_printable ? code : 0;
}

std::string old_rust(std::string_view text) {
  text.remove_suffix(std::string_view("::h0123456789abcdef").size());
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    bool begins = i == 0 || text.substr(0, i).ends_with("::");
    if (begins && text.substr(i).starts_with("_$")) continue;  // a name may not begin with '$'
    if (text.substr(i).starts_with("..")) {
      out += "::";
      ++i;
      continue;
    }
    size_t end = text[i] == '$' ? text.find('$', i + 1) : text.npos;
    char32_t meant = end == text.npos ? 0 : rust_mark(text.substr(i + 1, end - i - 1));
    out += meant ? static_cast<char>(meant) : text[i];
    if (meant) i = end;
  }
  return out;
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
  if (is_old_rust(text)) text = old_rust(text);
  return std::string(prefix) + text + std::string(suffix);
}

}  // namespace inquest::symbols
