/// What `inquest cut` says of what it kept.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cut/choose.h"

namespace inquest::app {

struct CutReport {
  std::string from, from_format;
  uint64_t from_bytes = 0;
  std::string output;  ///< empty when nothing was asked to be written
  bool written = false;
  uint64_t bytes = 0;        ///< of the small dump
  uint64_t fixed_bytes = 0;  ///< of it, all that is not memory
  size_t threads = 0, modules = 0;
  std::array<cut::Selection::Tally, cut::kParts> parts = {};
  size_t ranges = 0;
  std::string cause;
  std::optional<bool> same_answer;  ///< absent: not checked
  std::vector<Warning> warnings;
};

std::string cut_text(const CutReport& report);
std::string cut_json(const CutReport& report);

}  // namespace inquest::app
