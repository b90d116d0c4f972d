/// What grew between dumps of a program, as values for the report of `diff`: no logic.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "answer/leaks.h"

namespace inquest::answer {

/// A step of the way from an owner to where its growth gathers.
struct GatheringStep {
  std::string type = {};    ///< "ChatLog"; empty: not known
  uint64_t size = 0;        ///< of blocks of no known type, where all are of one size
  std::string member = {};  ///< of what is above, that points to it: "log"; empty: not known
  uint64_t blocks = 0;      ///< in the last dump
};

/// Blocks of one kind of which there are more, or fewer.
struct GrownKind {
  std::string type = {};  ///< empty: not known
  uint64_t size = 0;      ///< as in GatheringStep
  int64_t blocks = 0, bytes = 0;
};

/// Below an owner, the objects in which its growth gathers: its accumulation point.
struct Gathering {
  std::vector<GatheringStep> path = {};  ///< from the owner down; empty: the owner itself
  int64_t bytes = 0;                     ///< more that these objects keep
  uint64_t kept = 0;                     ///< bytes that they keep in the last dump
  /// That of them which keeps most in the last dump; absent without a path.
  std::optional<Address> largest = {};
  uint64_t largest_kept = 0;
  /// What there is more of below them; the first is what they hold, the others what most bytes
  /// are of. At most three.
  std::vector<GrownKind> kinds = {};
};

/// Used blocks of one kind, in each dump.
struct Growth {
  std::string what = {};          ///< "48 bytes", "main arena", "global g_rooms", "ChatLine"
  std::vector<BlockSum> at = {};  ///< one for each dump, never empty
  std::string part_of = {};       ///< of the types the one whose line counts it too; or empty
  bool confirmed = false;         ///< of three dumps or more: it grew in every step
  std::optional<Gathering> gathering = {};  ///< of an owner that grew, where it is known

  int64_t bytes() const { return static_cast<int64_t>(at.back().bytes - at.front().bytes); }
  int64_t blocks() const { return static_cast<int64_t>(at.back().blocks - at.front().blocks); }
  bool is_new() const { return at.front().blocks == 0 && at.back().blocks != 0; }
  bool is_gone() const { return at.front().blocks != 0 && at.back().blocks == 0; }
};

/// Blocks of one type that came between the first two dumps and are there in the last.
struct Survivors {
  std::string type;
  BlockSum born, alive;
};

/// Blocks by address, in dumps of one process.
struct Ages {
  BlockSum born, gone;                    ///< between the first two dumps
  BlockSum alive = {};                    ///< of the born, in the last dump; of two dumps: all
  std::vector<Survivors> survivors = {};  ///< of types that grew; of three dumps or more
};

/// How fast memory grows.
struct Pace {
  double hours = 0;            ///< from the first dump to the last
  double bytes_per_hour = 0;   ///< of all used blocks
  bool by_file_times = false;  ///< some dump's time is its file's
  /// An end that the process will reach at this pace; absent when none is known, or where the
  /// growth is not confirmed.
  struct End {
    std::string what;  ///< "address space (RLIMIT_AS)"
    uint64_t used = 0, most = 0;
    double hours = 0;  ///< from the last dump
  };
  std::optional<End> end = {};
};

/// Everything `inquest diff` says. Lists hold what changed by more than noise: confirmed first,
/// then most growth.
struct Diff {
  std::vector<Dump> dumps = {};  ///< in the order given, two or more
  bool one_process = false;      ///< all are of one process, not only of one program
  Growth total;
  Growth lost;         ///< of that what nothing reaches
  uint64_t noise = 0;  ///< changes of fewer bytes are left out
  /// What each alone keeps; types by name; what an allocator handed out.
  std::vector<Growth> owners = {}, types = {}, sizes = {}, arenas = {};
  std::optional<Ages> ages = {};  ///< of one process
  std::optional<Pace> pace = {};  ///< absent where times are not known or do not ascend
  std::vector<Warning> warnings = {};
};

}  // namespace inquest::answer
