/// Objects that are in no used block: what freed blocks still hold, and what lies in memory that no
/// allocator owns.
///
/// Freed blocks keep most of what they held; allocators overwrite a word or two at their begin with
/// links of their lists. What names the object then: pointers to virtual tables that are left (of
/// its second bases, or all where a neighbour was merged with it), and pointers in living objects
/// whose type is known and that still lead there. In mappings that no allocator owns, in the data
/// of modules, and inside of large blocks of which nothing is known, objects are found by the
/// pointers to virtual tables that they begin with, if what else their class has does not
/// contradict: an object there may have been destroyed, as one in a pool. Objects that typed
/// pointers name there (Typing::interiors) are told first. Nothing here is counted among the
/// objects of used blocks.
///
/// Values; reading is safe from any thread. Linear in what is read; bounded by its options.
#pragma once

#include <optional>
#include <vector>

#include "objects/typing.h"

namespace inquest::objects {

enum class RemnantPlace : uint8_t {
  freed,    ///< in a block that is free, or in what was never given out again
  mapping,  ///< in memory that no allocator owns
  data,     ///< in the writable data of a module
  inside,   ///< inside of a used block of which nothing is known
};
inline constexpr size_t kRemnantPlaces = 4;
std::string_view name(RemnantPlace place);  ///< "freed", "mapping", "data", "inside"

/// A pointer in something alive that leads to a freed object.
struct DanglingPointer {
  BlockId block = References::kNone;  ///< that holds it, at `offset`; or:
  size_t place = SIZE_MAX;            ///< index into Typing::places()
  uint64_t offset = 0;                ///< of the word, in that
};

struct Remnant {
  Address at;              ///< of the object
  TypeIndex type = 0;      ///< index into Remnants::types
  uint64_t size = 0;       ///< bytes of it; 0: not known
  AddressRange container;  ///< the freed or used block, the mapping, the module
  RemnantPlace place = RemnantPlace::freed;
  /// virtual_table, rtti; where a pointer leads there also holder and container; of freed ones
  /// likeness (its pointers lead to what those of such objects lead to).
  How how = How::unknown;
  uint8_t percent = 0;  ///< how likely the type is right
  /// Of freed ones: the first pointer to it, and how many there are.
  std::optional<DanglingPointer> pointer = {};
  /// Where that lies in what a vector holds: the pointer to the vector's first element.
  std::optional<DanglingPointer> vector = {};
  uint64_t pointers = 0;
  uint64_t count = 1;   ///< elements; `size` is that of all
  Address holder = {};  ///< the word of the typed pointer that names one inside of memory; 0: none
};

struct RemnantOptions {
  bool freed = true;
  bool outside = true;
  bool data_of_libraries = false;      ///< else of the executable alone
  uint64_t most_bytes = 256ull << 20;  ///< of memory outside that is read; more: none of it is
  uint64_t most_blocks = 1000000;      ///< with more, freed ones are not looked at
  size_t most = 1 << 22;               ///< objects of each kind
};

struct Remnants {
  std::vector<Remnant> all = {};  ///< ascending by address
  std::vector<TypeInfo> types = {};
  uint64_t outside_bytes = 0;    ///< of memory that no allocator owns, as far as it is to be read
  bool skipped_outside = false;  ///< there was more than the options allow
  bool skipped_freed = false;
  bool is_cut = false;  ///< more objects than the options allow

  /// `typing` was found with `input`.
  static Remnants find(const TypingInput& input, const Typing& typing,
                       const RemnantOptions& options);
};

}  // namespace inquest::objects
