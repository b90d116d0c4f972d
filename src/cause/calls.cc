#include "cause/calls.h"

#include <algorithm>

#include "cause/code/call_site.h"

namespace inquest::cause {
namespace {

/// Position of the '(' that opens the parameter list: the last group of parentheses at depth 0 of
/// '<' and '(', behind which only qualifiers follow. npos when there is none.
size_t parameters_begin(std::string_view name) {
  size_t end = name.rfind(')');
  if (end == std::string_view::npos) return end;
  int depth = 0;
  for (size_t i = end + 1; i-- > 0;) {
    if (name[i] == ')') ++depth;
    if (name[i] == '(' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

/// The qualified name without return type, parameters and template arguments:
/// "int __gnu_cxx::__stoa<long>(char const*)" -> "__gnu_cxx::__stoa".
std::string bare_name(std::string_view function) {
  std::string out;
  int depth = 0;
  for (size_t i = 0; i < function.size(); ++i) {
    char c = function[i];
    bool of_operator = out.ends_with("operator") || out.ends_with("operator<") ||
                       out.ends_with("operator-") || out.ends_with("operator>");
    if (of_operator && (c == '<' || c == '>')) {
      out += c;
    } else if (c == '<') {
      ++depth;
    } else if (c == '>') {
      --depth;
    } else if (depth == 0) {
      // A return type that is an expression: "decltype (...) std::construct_at<...>(...)".
      if (c == '(' && (out.ends_with("decltype ") || out.ends_with("decltype"))) {
        for (int open = 0; i < function.size(); ++i) {
          open += function[i] == '(' ? 1 : function[i] == ')' ? -1 : 0;
          if (open == 0) break;
        }
        continue;
      }
      if (c == '(' && !function.substr(i).starts_with("(anonymous namespace)")) break;
      out += c;
    }
  }
  size_t name = out.find("operator ");
  size_t space = out.rfind(' ', name == std::string::npos ? name : (name == 0 ? 0 : name - 1));
  if (space != std::string::npos && space < name) out.erase(0, space + 1);
  return out;
}

/// Spelled as in the source: std::string, and without the compiler's marks.
std::string readable(std::string name) {
  static constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >",
       "std::string"},
      {"std::basic_string<char, std::char_traits<char>, std::allocator<char> >", "std::string"},
      {"std::__1::basic_string<char, std::__1::char_traits<char>, std::__1::allocator<char>>",
       "std::string"},
      {"[abi:cxx11]", ""},
      {" [clone .cold]", ""},
  };
  for (auto [from, to] : kWords) {
    for (size_t at = name.find(from); at != name.npos; at = name.find(from, at + to.size())) {
      name.replace(at, from.size(), to);
    }
  }
  for (size_t at = name.find(" [clone ."); at != name.npos; at = name.find(" [clone .")) {
    size_t end = name.find(']', at);
    if (end == name.npos) break;
    name.erase(at, end + 1 - at);
  }
  return name;
}

/// Whether a source file belongs to the compiler or the system.
bool is_system_source(std::string_view file) {
  return file.find("/include/c++/") != file.npos || file.starts_with("/usr/include/") ||
         file.starts_with("/usr/lib/gcc/") || file.find("/lib/clang/") != file.npos;
}

std::string_view file_name(std::string_view path) {
  size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// Names a call after the function that its caller's instruction calls, where that is of the same
/// module.
bool name_by_call(const Process& process, const unwind::Frame& caller, Call& call) {
  if (!call.module || caller.is_signal_frame || caller.pc_is_exact) return false;
  auto target = call_target(process, caller);
  if (!target || !call.module->range.contains(*target)) return false;
  auto symbol = process.symbols(*call.module).symbol_at(Rva{*target - call.module->range.begin});
  if (!symbol || !symbol->is_function || symbol->offset != 0) return false;
  call.function = symbol->name;
  call.linkage = symbol->linkage;
  call.entry = *target;
  return true;
}

}  // namespace

std::vector<Call> calls_of(const Process& process, const unwind::Stack& stack, size_t frames) {
  std::vector<Call> calls;
  size_t n = std::min(frames, stack.frames.size());
  for (size_t i = 0; i < n; ++i) {
    const auto& frame = stack.frames[i];
    Located place = process.locate(frame);
    Call base;
    base.frame = i;
    base.pc = frame.lookup_pc();
    base.module = place.module;
    if (place.source.empty()) {
      // A function without a size in the symbol table is still named by the symbol before it. A
      // part that was split off (".cold") has no symbol in a stripped library: the call names the
      // whole.
      if (i + 1 < stack.frames.size() && name_by_call(process, stack.frames[i + 1], base)) {
        calls.push_back(std::move(base));
        continue;
      }
      if (place.module) {
        if (auto nearest = process.symbols(*place.module).symbol_at(place.rva);
            nearest && nearest->is_function) {
          base.function = nearest->name;
          base.linkage = nearest->linkage;
          base.entry = base.pc - nearest->offset;
        }
      }
      calls.push_back(std::move(base));
      continue;
    }
    for (const auto& source : place.source) {
      Call call = base;
      call.function = source.function.empty() ? symbols::demangle(source.linkage) : source.function;
      call.linkage = source.linkage;
      call.file = source.file;
      call.line = source.line;
      call.inlined = source.inlined;
      const auto& outer = place.source.back();
      if (outer.begin.value != 0) call.entry = place.module->range.begin + outer.begin.value;
      calls.push_back(std::move(call));
    }
  }
  return calls;
}

std::string plain_name(std::string_view function) {
  std::string_view name = function;
  // "operator()" holds parentheses of its own: cut only at a later group.
  size_t open = parameters_begin(name);
  constexpr std::string_view kCallOperator = "operator()";
  if (open != std::string_view::npos && open > 0) {
    size_t after = open + 2;
    bool is_call_operator =
        after >= kCallOperator.size() && name.substr(0, after).ends_with(kCallOperator);
    if (!is_call_operator) name = name.substr(0, open);
  }
  if (size_t tag = name.find("[abi:"); tag != std::string_view::npos) name = name.substr(0, tag);
  if (name.starts_with("__GI_")) name.remove_prefix(5);
  while (name.ends_with(' ')) name.remove_suffix(1);
  return std::string(name);
}

bool is_any(const Call& call, std::initializer_list<std::string_view> names) {
  if (call.function.empty() && call.linkage.empty()) return false;
  std::string plain = plain_name(call.function);
  std::string_view linkage = call.linkage;
  if (linkage.starts_with("__GI_")) linkage.remove_prefix(5);
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view name) { return plain == name || linkage == name; });
}

size_t find_call(const std::vector<Call>& calls, std::initializer_list<std::string_view> names,
                 size_t start) {
  for (size_t i = start; i < calls.size(); ++i) {
    if (is_any(calls[i], names)) return i;
  }
  return kNoCall;
}

/// Windows' own libraries and Microsoft's runtimes, by folder or, in dumps that have bare names, by
/// name.
bool is_part_of_windows(const snapshot::Module& module) {
  auto lower = [](std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return out;
  };
  std::string path = lower(module.path), name = lower(module.file_name());
  if (!name.ends_with(".dll") && !name.ends_with(".drv")) return false;
  for (std::string_view folder : {"\\system32\\", "\\syswow64\\", "\\winsxs\\"}) {
    if (path.find(folder) != path.npos) return true;
  }
  static constexpr std::string_view kPrefixes[] = {
      "ntdll.",   "kernel32.", "kernelbase.", "user32.",  "win32u.",      "gdi32",
      "ucrtbase", "msvcrt",    "msvcr",       "msvcp",    "vcruntime",    "combase.",
      "rpcrt4.",  "ole32.",    "advapi32",    "sechost.", "api-ms-win",   "wow64",
      "ws2_32.",  "mswsock.",  "libstdc++-",  "libgcc_s", "libwinpthread"};
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

bool is_runtime(const snapshot::Module& module) {
  if (module.is_vdso || is_part_of_windows(module)) return true;
  std::string_view name = module.file_name();
  static constexpr std::string_view kPrefixes[] = {
      "libc.so",    "libc-2.",  "libpthread", "libstdc++", "libc++.",   "libc++abi",
      "libgcc_s",   "ld-linux", "ld-2.",      "libm.so",   "libm-2.",   "libunwind.",
      "librt.so",   "librt-2.", "libdl.so",   "libdl-2.",  "libc.musl", "ld-musl",
      "linux-vdso", "libasan.", "libubsan.",  "libtsan.",  "libc++.so",
  };
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

bool is_own(const Call& call) {
  if (!call.module || is_runtime(*call.module)) return false;
  // sprintf and its kind, as <bits/stdio2.h> inlines their checked forms.
  if (call.inlined && call.file.starts_with("/usr/include/") &&
      call.file.find("/bits/") != call.file.npos) {
    return false;
  }
  std::string name = bare_name(call.function);
  // In statically linked programs the runtime has no module of its own.
  static constexpr std::string_view kPrefixes[] = {
      "std::",
      "__gnu_cxx::",
      "__gnu_debug::",
      "__cxxabiv1::",
      "__cxa_",
      "_Unwind_",
      "__libc_",
      "__GI_",
      "__assert_fail",
      "operator new",
      "operator delete",
      "__stack_chk_fail",
      "__pthread_",
      "pthread_",
      "gsignal",
      "__interceptor_",
      "___interceptor_",
      "__sanitizer::",
      "__asan",
      "__hwasan",
      "__ubsan",
      "__fortify_fail",
      "__gthread_",
      "__clang_call_terminate",
      "__lll_",
      "__futex_",
      "__scrt_",
      "_CxxThrowException",
      "_invalid_parameter",
      "_invoke_watson",
  };
  if (std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                  [&](std::string_view prefix) { return name.starts_with(prefix); })) {
    return false;
  }
  static constexpr std::string_view kNames[] = {"abort",
                                                "free",
                                                "malloc",
                                                "_start",
                                                "clone",
                                                "clone3",
                                                "cfree",
                                                "realloc",
                                                "raise",
                                                "start_thread",
                                                "calloc",
                                                "execute_native_thread_routine",
                                                "_purecall",
                                                "terminate",
                                                "__std_terminate",
                                                "_wassert",
                                                "_assert",
                                                "mainCRTStartup",
                                                "WinMainCRTStartup",
                                                "__fastfail",
                                                "__report_gsfailure",
                                                "invoke_main"};
  return std::find(std::begin(kNames), std::end(kNames), name) == std::end(kNames);
}

size_t find_own_call(const std::vector<Call>& calls, size_t start) {
  for (size_t i = start; i < calls.size(); ++i) {
    if (is_own(calls[i])) return i;
  }
  return kNoCall;
}

std::string place_of(const Process& process, const Call& call) {
  std::string where = call.function.empty() ? process.describe(call.pc)
                                            : fmt::format("`{}`", readable(call.function));
  // A line of a header that the compiler attributes to the function itself says nothing.
  if (!call.file.empty() && call.line != 0 && !is_system_source(call.file)) {
    where += fmt::format(" ({}:{})", file_name(call.file), call.line);
  }
  return where;
}

}  // namespace inquest::cause
