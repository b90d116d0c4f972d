/// Runs every detector over a Process and weighs their findings into the verdict.
#pragma once

#include "answer/answer.h"
#include "cause/process.h"

namespace inquest::cause {

/// The whole answer: never fails; what is not known is said in it.
answer::Answer investigate(const Process& process);

/// Dump, stacks, modules and warnings only: no detector runs, the verdict stays empty.
answer::Answer describe(const Process& process);

}  // namespace inquest::cause
