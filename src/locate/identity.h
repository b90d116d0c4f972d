/// Whether a file on disk is the one that was mapped: the question before any file is used.
#pragma once

#include <string>

#include "format/elf/file.h"
#include "snapshot/snapshot.h"

namespace inquest::locate {

/// How sure we are that a candidate is the right file.
enum class Match : uint8_t {
  proven,     ///< same build id, or equal to the bytes that the dump has of it
  plausible,  ///< nothing speaks against it, nothing proves it
  refused,    ///< of another build
};

struct Check {
  Match match = Match::refused;
  std::string why = {};  ///< why it was refused, or what could not be verified
};

/// Lower-case hex.
std::string hex(Bytes bytes);

/// `candidate` as the image of `module`. Without a build id in the dump, the layout of its segments
/// and the dumped bytes of its read-only parts are compared.
Check check_image(const snapshot::Snapshot& snapshot, const snapshot::Module& module,
                  const elf::File& candidate);

/// `candidate` as a debug file of the build `wanted`; `image` (may be null) stands in where there
/// is no build id: the two must then have the same segments.
Check check_debug(Bytes wanted, const elf::File* image, const elf::File& candidate);

/// What a file is good for. A stripped image keeps no .symtab; a debug file's code is SHT_NOBITS.
bool has_debug_info(const elf::File& file);
bool has_symbol_table(const elf::File& file);
bool has_code(const elf::File& file);
/// Whether .dynsym names a function that the file itself holds.
bool exports_functions(const elf::File& file);

}  // namespace inquest::locate
