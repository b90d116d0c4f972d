/// Makes many frames few: recursion within a stack, equal stacks among threads.
#pragma once

#include <string>
#include <vector>

#include "answer/answer.h"

namespace inquest::report {

/// A frame to print, or a run of frames that repeat those just above.
struct Row {
  size_t first = 0;   ///< index of the frame
  size_t count = 1;   ///< more than 1: frames [first, first + count) are folded into this row
  size_t period = 0;  ///< of a folded run: it repeats the `period` frames before it; 0: just many
};

/// Cycles of up to 16 functions that come round four times or more are folded after the second
/// round. Linear in the number of frames.
std::vector<Row> fold_recursion(const std::vector<answer::Frame>& frames);
/// Keeps the first and last rows where there are more than `most`; 0 keeps all.
std::vector<Row> cut_rows(std::vector<Row> rows, size_t most);

/// Threads whose stacks are equal, function by function and line by line.
struct Group {
  std::vector<size_t> members;  ///< indices of the stacks, ascending; never empty
};
/// In order of their first members. The crashed thread is always alone.
std::vector<Group> group_stacks(const std::vector<answer::Stack>& threads);

/// "worker-0", "worker-1" -> "worker-*"; empty when the names have nothing in common.
std::string common_name(const std::vector<answer::Stack>& threads, const Group& group);

}  // namespace inquest::report
