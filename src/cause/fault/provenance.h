/// Where a pointer came from, across frames: from the register at the fault to its source.
///
/// Each step is one frame's view of it: the value there, and how far behind it the faulting address
/// lies. A member function called on a null object sees `this` = 0x28 where the caller's caller
/// holds the null: following the calls finds the pointer that really is null. x86-64.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "cause/fault/fault.h"
#include "cause/fault/frame_view.h"

namespace inquest::cause {

struct Step {
  std::shared_ptr<FrameView> view;
  ValueId value;                         ///< the pointer, in that frame's terms
  int64_t offset = 0;                    ///< address at fault = pointer + offset
  std::optional<uint64_t> pointer = {};  ///< its value, by that arithmetic
};

struct Provenance {
  std::vector<Step> steps = {};  ///< innermost first; never empty
  bool guessed = false;          ///< some merge was settled without a value to compare
  /// The origin is a constant, which came by one of several ways; the others' values are lost.
  bool one_of_several = false;

  const Step& innermost() const { return steps.front(); }
  const Step& origin() const { return steps.back(); }
};

/// What a traced value is for. A number is what it is: what it was computed from is another number.
enum class Traced : uint8_t { address, number };

/// Follows `value` of the frame at `frame_index`, which holds `pointer`; the address at fault is
/// `offset` behind it. Absent when the frame's code cannot be followed.
std::optional<Provenance> trace(const Process& process, const unwind::Stack& stack,
                                std::shared_ptr<FrameView> view, ValueId value, int64_t offset,
                                std::optional<uint64_t> pointer, Traced traced = Traced::address);

/// The index among the shown frames (which count inlined calls) of a walked frame's innermost.
uint32_t shown_index(const Process& process, const unwind::Stack& stack, size_t frame);

}  // namespace inquest::cause
