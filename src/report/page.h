/// What the text reports of all verbs share: headings, prose, the warnings at the end.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/prose.h"
#include "report/report.h"

namespace inquest::report {

/// A page that grows downwards. `style` is borrowed.
class Page {
 protected:
  explicit Page(const TextStyle& style) : style_(style), paint_(style.colour) {}

  /// "lobby (pid 4711)", or "A process".
  static std::string subject(const answer::Dump& dump);
  /// Where the process ran on while it was read, for so long: says so.
  void in_place_note(std::optional<double> milliseconds);
  void heading(std::string_view text);
  /// Strings of a dead process are made harmless; `first` goes before the first line.
  void prose(std::string_view first, std::string_view text);
  /// Nothing where there are none.
  void warnings(const std::vector<Warning>& warnings);

  const TextStyle& style_;
  Palette paint_;
  std::string out_;
};

}  // namespace inquest::report
