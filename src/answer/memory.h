/// Where the addresses of a process went, as values for the report of `memory`: no logic.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "answer/answer.h"

namespace inquest::answer {

struct MemoryArea {
  Address begin;
  uint64_t size = 0;
  std::string use;          ///< "image", "file", "stack", "heap", "anonymous", "shared"...
  std::string access = {};  ///< "rw-"; empty when not known
  std::string what = {};    ///< "libc.so.6", "thread 12 worker", "glibc, main arena"
  std::optional<uint32_t> thread = {};
  uint64_t recorded = 0;  ///< bytes of it in the dump
};

struct MemoryTotal {
  std::string use;
  uint64_t areas = 0, bytes = 0, committed = 0, recorded = 0, largest = 0;
};

struct MemoryCeiling {
  std::string what;
  uint64_t used = 0, most = 0;
  bool is_bytes = true, is_assumed = false;
};

struct Memory {
  Dump dump;
  std::vector<MemoryTotal> totals;     ///< most bytes first
  std::vector<MemoryTotal> by_access;  ///< `use` is "rw-"
  std::vector<MemoryTotal> by_what;    ///< files, images, arenas, threads; most bytes first
  std::vector<MemoryArea> areas;       ///< ascending
  std::vector<MemoryArea> newest;      ///< newest first, as far as addresses tell
  uint64_t free_bytes = 0, holes = 0;
  MemoryArea largest_hole = {};
  std::vector<MemoryCeiling> ceilings;
  bool is_whole = true;
  /// How long the process was read while it ran on, in milliseconds; absent when it stood still.
  std::optional<double> read_in_place_ms = {};
  std::vector<Warning> warnings;
};

}  // namespace inquest::answer
