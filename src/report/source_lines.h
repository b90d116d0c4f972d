/// Where the sources of stacks can be had, as lines of text.
#pragma once

#include <span>
#include <string>

#include "answer/answer.h"
#include "report/prose.h"

namespace inquest::report {

/// "  guild.cpp:44  https://git.example.com/...": each file once, with the line of the innermost
/// frame that is in it, at most `most` (0: all); empty when no frame says where its source is.
std::string source_lines(std::span<const answer::Stack> stacks, size_t most,
                         const Palette& palette);

}  // namespace inquest::report
