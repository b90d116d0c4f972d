/// What grew between two dumps of one program: by owner, by size, by arena.
///
/// A dump becomes a small Profile, so that the second is read when the first is gone. Owners are
/// the same when their names are. Pure functions.
#pragma once

#include <map>
#include <string>

#include "answer/diff.h"
#include "cause/process.h"
#include "objects/references.h"

namespace inquest::cause {

struct Profile {
  answer::Dump dump;
  objects::Sum used, lost;
  std::map<std::string, objects::Sum> owners = {};  ///< what each alone keeps
  std::map<uint64_t, objects::Sum> sizes = {};
  std::map<std::string, objects::Sum> arenas = {};
  std::vector<Warning> warnings = {};
};

Profile profile_of(const Process& process, const heap::Heaps& heaps,
                   const objects::References& references);

/// Changes under a hundredth of what was used before, and under 64 KiB, are noise; 0: none is.
answer::Diff compare(const Profile& before, const Profile& after, bool with_noise = false);

}  // namespace inquest::cause
