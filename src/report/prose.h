/// Text for a terminal: strings of a dead process made harmless, wrapped, shortened, coloured.
///
/// Every string that comes from a dump passes through `clean`: a thread name may hold an escape
/// sequence that would rewrite the terminal.
#pragma once

#include <string>
#include <string_view>

#include "base/quantities.h"

namespace inquest::report {

/// Control characters as "\x1b", what is not UTF-8 as U+FFFD; a newline becomes a space.
std::string clean(std::string_view text);

/// Columns that UTF-8 text takes, near enough: its code points.
size_t columns(std::string_view text);

/// `text` in lines of at most `width` columns, the first indented by `first`, the others by spaces
/// of the same width. Ends with a newline.
std::string wrapped(std::string_view text, std::string_view first, unsigned width);

/// A function's name in at most `width` columns: template arguments are emptied from the innermost
/// out, then parameters, then the middle is cut: "std::map<…>::find(…)".
std::string shortened(std::string_view function, size_t width);
/// The middle cut out, for paths and others; the end, which tells most, keeps two thirds.
std::string middle_cut(std::string_view text, size_t width);

/// "/build/release/../../src/a.cc" -> "/src/a.cc", as compilers forget to write it. For people
/// only: where a folder is a link, the two may be different files.
std::string plain_path(std::string_view path);

/// 0.97 -> "almost certain (97 %)".
std::string confidence_text(double confidence);

/// ANSI colours where they are wanted, nothing where not.
class Palette {
 public:
  explicit Palette(bool on) : on_(on) {}
  std::string bold(std::string_view text) const { return wrap("1", text); }
  std::string alarm(std::string_view text) const { return wrap("1;31", text); }
  std::string heading(std::string_view text) const { return wrap("1;34", text); }
  std::string function(std::string_view text) const { return wrap("36", text); }
  std::string dim(std::string_view text) const { return wrap("2", text); }
  std::string caution(std::string_view text) const { return wrap("33", text); }

 private:
  std::string wrap(const char* code, std::string_view text) const {
    if (!on_ || text.empty()) return std::string(text);
    return "\x1b[" + std::string(code) + "m" + std::string(text) + "\x1b[0m";
  }
  bool on_;
};

}  // namespace inquest::report
