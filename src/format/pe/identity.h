/// What tells one build of a Windows image from another, from its first bytes: for judging many
/// candidate files quickly. pe::File reads the rest.
///
/// Source: Microsoft "PE Format", sections "COFF File Header", "Optional Header", "The .debug
/// Section". Values; safe from any thread.
#pragma once

#include <string>

#include "base/error.h"
#include "base/integers.h"

namespace inquest::pe {

struct Identity {
  uint16_t machine = 0;
  uint32_t timestamp = 0;   ///< COFF; a hash of the build with /Brepro
  uint32_t image_size = 0;  ///< SizeOfImage
  uint32_t checksum = 0;
  std::string debug_id = {};  ///< as CodeView::debug_id; empty when there is none
  std::string pdb = {};       ///< as recorded; may be empty

  /// The name of its folder in a SymSrv store: "%08X%x" of time stamp and image size.
  std::string store_id() const;
};

/// Whether the bytes begin as an image of Windows (or DOS) does.
bool is_image(Bytes file);

/// Of a file as it lies on disk. Fails on what is no PE image and on cut headers; a damaged debug
/// directory leaves `debug_id` empty.
Result<Identity> read_identity(Bytes file, std::string name);

}  // namespace inquest::pe
