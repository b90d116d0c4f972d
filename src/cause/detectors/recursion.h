/// Finds what repeats in a deep stack: which functions call each other round and round.
///
/// Works on function identities, so that tests need no process. Linear in the frames. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace inquest::cause {

struct Recursion {
  size_t first = 0;   ///< frame at which the repetition begins, counted from the inside
  size_t frames = 0;  ///< frames that belong to it
  /// The functions that recur, as indices of frames that stand for them: in order of calls
  /// (innermost first) when `periodic`, else by how often they occur, most first.
  std::vector<size_t> cycle = {};
  bool periodic = false;  ///< the functions follow each other in a fixed order
  size_t rounds = 0;      ///< frames / cycle.size() when periodic, else of the commonest
};

/// `functions[i]` identifies the function of frame i, innermost first. Absent when nothing recurs
/// at least `least` times.
std::optional<Recursion> find_recursion(std::span<const uint64_t> functions, size_t least = 16);

}  // namespace inquest::cause
