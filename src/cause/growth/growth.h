/// What grew between dumps of one program: by owner, by type, by size, by arena.
///
/// A dump becomes a small Profile, and is left before the next is read. Owners and types are the
/// same when their names are. Of dumps of one process blocks are compared by address too: for that
/// 16 bytes a block of two dumps are kept.
#pragma once

#include <map>
#include <string>

#include "answer/diff.h"
#include "cause/growth/block_ages.h"
#include "cause/growth/kept_kinds.h"
#include "cause/growth/same_process.h"
#include "heap/address_space.h"
#include "objects/references.h"

namespace inquest::cause {

/// What Typing calls blocks of characters.
inline constexpr const char* kTextType = "text";

struct Profile {
  answer::Dump dump;
  ProcessIdentity identity = {};
  std::optional<std::chrono::sys_seconds> time = {};
  bool is_file_time = false;
  std::vector<heap::Ceiling> ceilings = {};
  objects::Sum used, lost;
  std::map<std::string, objects::Sum> owners = {};  ///< what each alone keeps
  std::map<std::string, objects::Sum> types = {};
  std::map<std::string, objects::Sum> texts = {};  ///< of the type "text", by how it begins
  std::map<uint64_t, objects::Sum> sizes = {};
  std::map<std::string, objects::Sum> arenas = {};
  std::vector<KeptKind> kept = {};
  /// Of owners that another process of the program calls otherwise: "thread 7 worker, stack" ->
  /// "threads worker, stack".
  std::map<std::string, std::string> general_names = {};
  std::vector<Warning> warnings = {};
};

/// Dumps are added in the order in which they were taken, then compared. For one thread.
class GrowthSeries {
 public:
  void add(const Process& process, const heap::Heaps& heaps, const objects::References& references,
           const BlockTypes& types);

  /// Changes under a hundredth of what was used in the first, and under 64 KiB, are noise;
  /// `with_noise`: none is. At least two dumps were added.
  answer::Diff compare(bool with_noise = false) const;

 private:
  std::vector<Profile> profiles_;
  BlockAges ages_;
};

}  // namespace inquest::cause
