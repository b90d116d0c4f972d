/// Recognises what an input is and reads it into a Snapshot.
#pragma once

#include <string>

#include "base/error.h"
#include "snapshot/snapshot.h"

namespace inquest::ingest {

struct Options {
  /// Where a compressed dump is unpacked to (sparse temporary file, removed at once). Empty: TMPDIR
  /// or /var/tmp.
  std::string scratch_directory = {};
};

/// Opens a dump by its bytes, not by its name: an ELF core, a minidump, or one packed by zstd, lz4
/// or xz.
/// A damaged dump gives a partial Snapshot (`complete` false, with warnings) wherever one thread
/// or one module can still be told; otherwise one Error with file, offset and advice.
Result<snapshot::Snapshot> open(const std::string& path, const Options& options = {});

/// Reads again what an ingest reads of the process's memory: the dynamic linker's list, the
/// program's name, Windows' process parameters. For who notes which memory that is
/// (Memory::set_watch).
void reread(snapshot::Snapshot& snapshot);

}  // namespace inquest::ingest
