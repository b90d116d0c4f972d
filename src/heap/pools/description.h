/// The text in which a user describes the pools of a program: docs/pools.md.
///
/// A line a pool, `#` begins a comment:
///   pool NAME size BYTES at PLACE (count N | end PLACE) [stride BYTES] [type TYPE]
///             [free PLACE [link OFFSET]]
/// A PLACE is a symbol or 0xADDRESS, with +OFFSET behind it, and with * before it for the pointer
/// that is stored there. NAME and TYPE may stand in "quotes". The words may come in any order.
/// Values; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace inquest::heap {

/// "*game::pool+0x10": *(address of game::pool + 0x10).
struct Place {
  std::string symbol = {};  ///< empty: `offset` is an address
  uint64_t offset = 0;
  bool is_pointer_there = false;
  std::string text() const;
};

struct PoolDescription {
  std::string name;
  std::string type = {};  ///< of what lies in a block, for people
  uint64_t size = 0;      ///< bytes of a block that the program may use
  uint64_t stride = 0;    ///< from one block to the next; not less than `size`
  Place at;
  std::optional<uint64_t> count = {};
  std::optional<Place> end = {};   ///< either this or `count`
  std::optional<Place> free = {};  ///< where the pointer to the first free block lies
  uint64_t link = 0;               ///< of the pointer to the next, in a free block
  size_t line = 0;
};

/// Fails with the line at fault: "FILE: line 3: ...". `file` is for the message.
Result<std::vector<PoolDescription>> parse_pools(std::string_view text, const std::string& file);

}  // namespace inquest::heap
