/// What a verb looks at: a dump's path, or the process id of a live process.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "snapshot/snapshot.h"

namespace inquest::app {

struct SourceOptions {
  /// A process is not stopped: what it changes while it is copied may contradict itself
  /// (`read_in_place`). With a dump this is an error.
  bool in_place = false;
};

/// Opens a dump. Digits that name no file are the id of a process: it is stopped, its memory is
/// copied to a temporary file (TMPDIR or /var/tmp, gone at once), and it goes on; how long it stood
/// still is printed to stderr. Fails with one line: no such file or process, no right to look at
/// it, not a dump.
Result<snapshot::Snapshot> open_source(const std::string& dump_or_pid,
                                       const SourceOptions& options = {});

/// Of a process that ran on while it was read: for so long, in milliseconds; else absent.
std::optional<double> read_in_place(const snapshot::Snapshot& snapshot);

/// Adds --in-place, for verbs that need no exact registers.
void add_in_place(CLI::App& verb, bool& in_place);

}  // namespace inquest::app
