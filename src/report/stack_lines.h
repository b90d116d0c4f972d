/// A stack as lines of text.
#pragma once

#include <string>

#include "answer/answer.h"
#include "report/prose.h"
#include "report/report.h"

namespace inquest::report {

struct StackLines {
  const TextStyle& style;
  const Palette& palette;
  size_t most_rows = 0;        ///< 0: all
  bool excerpts = false;       ///< print the source at the first frame that has some
  std::string died = {};       ///< for the excerpt
  size_t variable_frames = 0;  ///< frames whose variables are printed, the reader's own first
  size_t variables = 0;        ///< of each frame; the rest is counted
};

/// "  #3  Guild::rank() const  (inlined)   at guild.h:44 in lobby".
std::string lines_of(const answer::Stack& stack, const StackLines& how);

/// "thread 4711 "main"" or "threads 12, 13, 14 (3, worker-*)".
std::string threads_title(const std::vector<answer::Stack>& threads,
                          const std::vector<size_t>& members, const std::string& common);

/// "... 10431 more frames of recurse(int) (frames 12-10442)", without indentation.
std::string folded_text(const std::vector<answer::Frame>& frames, size_t first, size_t count,
                        size_t period);

/// "at /src/guild.h:44 in lobby", "in libc.so.6+0x2724a", "at 0x7f1200".
std::string place_of(const answer::Frame& frame);

}  // namespace inquest::report
