/// Where the growth of an owner gathers, in one sentence.
#pragma once

#include <string>

#include "answer/diff.h"

namespace inquest::report {

/// "`ChatLog` of `Room` of global g_rooms, member lines: +409 MiB, in +3,100,211 `Line` (142 MiB),
/// +3,100,200 `text` (267 MiB); the block at 0x5581... keeps it". Names as the dead process has
/// them.
std::string gathering_sentence(const std::string& owner, const answer::Gathering& gathering);

/// "+409 MiB", "-16 bytes".
std::string change_text(int64_t bytes);
/// "+3,100,211".
std::string more_text(int64_t count);

}  // namespace inquest::report
