/// What the analysis of a dump reads, and whether a smaller dump gives the same answer.
#pragma once

#include <memory>
#include <string>

#include "app/options.h"
#include "cut/choose.h"
#include "cut/recording.h"

namespace inquest::app {

/// A dump that was analysed while it was noted which memory that needed.
struct Analysed {
  std::unique_ptr<cause::Process> process;
  answer::Answer answer;
  cut::Needs needs;
  bool overflowed = false;  ///< more was read than is noted
};

Analysed analyse_for_cut(snapshot::Snapshot snapshot, const DumpOptions& options);

/// Where the small dump's answer differs: "the cause is X instead of Y"; empty when nowhere.
std::vector<std::string> differences(const answer::Answer& whole, const answer::Answer& small);

}  // namespace inquest::app
