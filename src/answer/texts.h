/// The texts of a heap by what they have in common, as values for the report of `objects
/// --strings`: no logic.
#pragma once

#include <string>
#include <vector>

#include "answer/answer.h"

namespace inquest::answer {

/// A place where texts of a pattern lie, or that points to them.
struct TextHolder {
  std::string name = {};  ///< "game::User.name", "global g_names", "block of 64 bytes"
  uint64_t count = 0;     ///< of the texts that were looked at
};

struct TextExample {
  Address at;
  std::string text = {};  ///< its begin
};

struct TextPattern {
  std::string pattern = {};  ///< "user # left": marks as cause/texts/text_pattern.h has them
  uint64_t count = 0;
  uint64_t bytes = 0;                      ///< of the texts
  std::string encoding = {};               ///< of the first: "ascii", "utf-8", "utf-16", "cp949"
  std::vector<TextExample> examples = {};  ///< one or two
  std::vector<TextHolder> holders = {};    ///< most first; empty: not looked for, or none known
  uint64_t looked_at = 0;                  ///< texts whose holders were looked for
};

/// Everything `inquest objects --strings` says.
struct Texts {
  Dump dump;
  std::vector<std::string> allocators = {};
  uint64_t count = 0, bytes = 0;            ///< of all texts in used blocks
  uint64_t heap_bytes = 0;                  ///< of the used blocks
  std::vector<TextPattern> patterns = {};   ///< most bytes first
  uint64_t rest_count = 0, rest_bytes = 0;  ///< texts that no told pattern stands for
  /// More patterns than are kept: the counts of those that are told may be too low, by what is in
  /// the rest.
  bool is_cut = false;
  std::vector<Warning> warnings = {};
};

}  // namespace inquest::answer
