/// What of a process's memory is kept, most important first, up to a size.
#pragma once

#include <array>
#include <map>
#include <string_view>
#include <vector>

#include "snapshot/memory.h"

namespace inquest::cut {

/// Why memory is kept, in the order in which room is given.
enum class Part : uint8_t {
  crashed_stack,  ///< of the thread that died
  analysis,       ///< what walking the stacks and finding the cause read
  images,         ///< headers of images, instructions around each frame, the vDSO
  stacks,         ///< of the other threads
  thread_blocks,  ///< TEB, PEB, the C library's descriptor of each thread
  pointed_to,     ///< around what registers and stacks point to
};
inline constexpr size_t kParts = 6;
std::string_view name(Part part);  ///< "crashed_stack"...

/// Values, but for the Memory, which is borrowed. Used by one thread.
class Selection {
 public:
  struct Tally {
    uint64_t kept = 0;      ///< bytes that no earlier part kept
    uint64_t left_out = 0;  ///< for want of room
  };

  /// `room`: bytes in all, the list's entries included.
  Selection(const snapshot::Memory& memory, uint64_t room) : memory_(memory), room_(room) {}

  /// Keeps what the memory has of the range, from its beginning, as far as there is room.
  /// `from_files`: also what was taken from images' files. False when something was left out.
  bool keep(AddressRange range, Part part, bool from_files = false);

  uint64_t room() const { return room_; }
  const Tally& tally(Part part) const { return tallies_[static_cast<size_t>(part)]; }
  /// Ascending, disjoint, with gaps between them.
  std::vector<AddressRange> ranges() const;
  bool has(Address at) const;

 private:
  void keep_run(AddressRange run, Tally& tally);
  uint64_t insert(AddressRange gap);

  const snapshot::Memory& memory_;
  uint64_t room_;
  std::map<Address, Address> kept_;  // begin -> end
  std::array<Tally, kParts> tallies_{};
};

}  // namespace inquest::cut
