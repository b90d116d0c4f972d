/// A `long` of the dead process's architecture. Internal to ingest.
#pragma once

#include "base/cursor.h"
#include "snapshot/registers.h"

namespace inquest::ingest {

inline uint64_t read_word(Cursor& cursor, snapshot::Arch arch) {
  if (snapshot::is_64_bit(arch)) return cursor.read<le64>();
  return static_cast<uint32_t>(cursor.read<le32>());
}

}  // namespace inquest::ingest
