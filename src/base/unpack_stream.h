/// One step-wise decoder for each packing, behind one shape. Internal to base/decompress.
#pragma once

#include <memory>

#include "base/decompress.h"

namespace inquest {

/// Turns packed bytes into plain ones, a buffer at a time. Used by one thread.
class UnpackStream {
 public:
  enum class State : uint8_t {
    more,     ///< call again: the buffer is full or there is input left
    done,     ///< the stream's end was reached
    cut,      ///< all input is used up and the stream wants more
    damaged,  ///< the input is not of this format, or a checksum does not match
    too_big,  ///< needs more memory than we grant (xz dictionaries, zstd windows)
  };

  virtual ~UnpackStream() = default;
  /// Fills `out` from its start; `produced` says how far. The input is the one given to `open`.
  virtual State step(std::span<std::byte> out, size_t& produced) = 0;

  /// Borrowed: `packed` must outlive the stream. Null for Packing::none.
  static std::unique_ptr<UnpackStream> open(Bytes packed, Packing packing);
};

}  // namespace inquest
