#include "cause/growth/same_process.h"

#include <algorithm>
#include <fmt/core.h>

namespace inquest::cause {
namespace {

constexpr uint64_t kAtRandom = 25;  // AT_RANDOM, <elf.h>

template <class Value>
bool differ(const std::optional<Value>& one, const std::optional<Value>& other) {
  return one && other && *one != *other;
}

}  // namespace

ProcessIdentity identity_of(const snapshot::Snapshot& process) {
  ProcessIdentity identity{.os = process.os,
                           .arch = process.arch,
                           .pid = process.process.pid,
                           .command = process.process.command,
                           .random_at = process.process.auxiliary(kAtRandom)};
  for (const snapshot::Module& module : process.modules) {
    identity.bases.try_emplace(module.path, module.range.begin.value);
    if (module.is_main) identity.build = module.identity.text();
  }
  return identity;
}

bool is_same_process(const ProcessIdentity& one, const ProcessIdentity& other) {
  if (one.os != other.os || one.arch != other.arch || one.build != other.build) return false;
  if (!one.pid || one.pid != other.pid || differ(one.random_at, other.random_at)) return false;
  // Libraries come and go; those that both have do not move. A program that is loaded where it
  // was linked says nothing.
  size_t same = 0;
  for (const auto& [path, base] : one.bases) {
    auto at = other.bases.find(path);
    if (at == other.bases.end()) continue;
    if (at->second != base) return false;
    ++same;
  }
  return same > 0;
}

std::optional<Warning> difference_of(const ProcessIdentity& one, const ProcessIdentity& other) {
  if (one.os != other.os || one.arch != other.arch)
    return Warning{"the dumps are of different systems: sizes and types mean different things",
                   "compare dumps of one program on one system"};
  if (one.command != other.command)
    return Warning{fmt::format("the dumps are of different programs, {} and {}: only libraries' "
                               "variables and types of one name can be the same",
                               one.command, other.command),
                   "compare dumps of one program"};
  if (!one.build.empty() && !other.build.empty() && one.build != other.build)
    return Warning{fmt::format("the dumps are of different builds of {} ({:.8} and {:.8}): owners "
                               "and types are compared by name, and may have changed between them",
                               one.command, one.build, other.build),
                   "compare dumps of one build"};
  return {};
}

}  // namespace inquest::cause
