/// Files of /proc/PID as text, as Breakpad and Crashpad copy them into dumps. Internal to ingest.
///
/// Source: proc(5). Lines that make no sense are left out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snapshot/snapshot.h"

namespace inquest::ingest {

/// /proc/PID/maps. Ascending and disjoint. `recorded` is 0.
std::vector<snapshot::Region> read_proc_maps(std::string_view text);

/// The value of "key: value" (status, cpuinfo) or of key=value (lsb-release), without blanks and
/// quotes around it; empty when there is none. The first one counts.
std::string proc_value(std::string_view text, std::string_view key, char separator);
/// How many lines have this key.
uint32_t count_proc_lines(std::string_view text, std::string_view key, char separator);

/// /proc/PID/cmdline: arguments that end in NUL, joined by blanks.
std::string joined_arguments(std::string_view text);

}  // namespace inquest::ingest
