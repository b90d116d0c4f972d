/// Which memory of a process a small dump keeps.
///
/// The stacks from sp to their end, what the analysis read, headers of images and the instructions
/// around each frame, the threads' own blocks, and what registers and stacks point to; the thread
/// that died comes first. Pure; safe from any thread.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "base/error.h"
#include "cut/selection.h"
#include "snapshot/snapshot.h"

namespace inquest::cut {

struct Options {
  uint64_t stack_bytes = 256 << 10;  ///< of each stack; four times that of the thread that died
  uint64_t around = 1024;            ///< bytes around what a pointer points to
  /// Bytes of the whole file. Absent: all but what pointers point to is kept whole, and of that
  /// kPointedTo.
  std::optional<uint64_t> size = {};
  bool stacks_only = false;  ///< nothing of heaps and data: registers, stacks, images
  bool environment = false;  ///< also the strings at the top of the main thread's stack (Linux)

  static constexpr uint64_t kPointedTo = 512 << 10;
};

/// What the analysis of the whole dump needed.
struct Needs {
  std::vector<AddressRange> read = {};            ///< see recording.h
  std::vector<std::vector<Address>> frames = {};  ///< pcs, by the Snapshot's threads
};

struct Choice {
  std::vector<AddressRange> ranges = {};
  std::array<Selection::Tally, kParts> parts = {};
};

/// `complete` is the Snapshot's memory with what files added. `fixed_bytes` is the size of the file
/// without memory; fails where options.size has no room for that.
Result<Choice> choose(const snapshot::Snapshot& snapshot, const snapshot::Memory& complete,
                      const Needs& needs, const Options& options, uint64_t fixed_bytes);

}  // namespace inquest::cut
