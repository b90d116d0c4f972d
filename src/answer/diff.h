/// What grew between two dumps of a program, as values for the report of `diff`: no logic.
#pragma once

#include <string>
#include <vector>

#include "answer/answer.h"

namespace inquest::answer {

/// Used blocks of one kind, before and after.
struct Growth {
  std::string what = {};  ///< "48 bytes", "main arena", "global g_rooms"
  uint64_t blocks_before = 0, blocks_after = 0;
  uint64_t bytes_before = 0, bytes_after = 0;

  int64_t bytes() const { return static_cast<int64_t>(bytes_after - bytes_before); }
  int64_t blocks() const { return static_cast<int64_t>(blocks_after - blocks_before); }
};

/// Everything `inquest diff` says. Lists hold what changed by more than noise, most growth first.
struct Diff {
  Dump before, after;
  Growth total;
  Growth lost;                      ///< of that what nothing reaches
  uint64_t noise = 0;               ///< changes of fewer bytes are left out
  std::vector<Growth> owners = {};  ///< what each alone keeps
  std::vector<Growth> sizes = {}, arenas = {};
  std::vector<Warning> warnings = {};
};

}  // namespace inquest::answer
