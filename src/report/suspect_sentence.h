/// What keeps much of a heap, in one sentence.
#pragma once

#include <string>

#include "answer/leaks.h"

namespace inquest::report {

/// "812 MiB (71 %): 1 block of 4,096 bytes (`ChatLog`) at 0x5581..., held by global g_rooms, keeps
/// 3,100,001 blocks: 3,100,000 of 48 bytes (`std::string`)". Names as the dead process has them.
std::string suspect_sentence(const answer::Suspect& suspect);

}  // namespace inquest::report
