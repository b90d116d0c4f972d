/// Whether dumps are of one process, or of one build of a program. Values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "snapshot/snapshot.h"

namespace inquest::cause {

struct ProcessIdentity {
  snapshot::Os os = {};
  snapshot::Arch arch = {};
  std::optional<int32_t> pid = {};
  std::string command = {};
  std::string build = {};                      ///< of the main module; empty: not known
  std::map<std::string, uint64_t> bases = {};  ///< of modules, by path
  std::optional<uint64_t> random_at = {};      ///< AT_RANDOM: on the stack, at a random address
};
ProcessIdentity identity_of(const snapshot::Snapshot& process);

/// False when anything speaks against it, or nothing for it.
bool is_same_process(const ProcessIdentity& one, const ProcessIdentity& other);

/// What cannot be compared, and what can; absent when both are of one build of one program.
std::optional<Warning> difference_of(const ProcessIdentity& one, const ProcessIdentity& other);

}  // namespace inquest::cause
