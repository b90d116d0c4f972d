/// The notes of a Linux core as records: threads, signal, process, mapped files. Internal to
/// ingest.
///
/// Source: fs/binfmt_elf.c of Linux 6.1, <elf.h> (NT_*), <sys/procfs.h>; gdb/linux-tdep.c writes
/// the same in another order. Strings are borrowed from the core.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/elf/file.h"
#include "snapshot/snapshot.h"

namespace inquest::ingest {

/// NT_SIGINFO: why the signal was raised.
struct SignalInfo {
  int number = 0;
  int code = 0;
  std::optional<Address> address = {};     ///< where this signal has one
  std::optional<int32_t> sender_pid = {};  ///< where it was sent
  std::optional<uint32_t> sender_uid = {};
};

struct CoreThread {
  snapshot::Thread thread;
  std::optional<SignalInfo> signal = {};  ///< of its own NT_SIGINFO
};

/// An entry of NT_FILE.
struct FileMapping {
  AddressRange range;
  uint64_t offset = 0;    ///< in bytes
  std::string_view path;  ///< with " (deleted)" where the kernel says so
};

struct CoreNotes {
  std::vector<CoreThread> threads;
  std::optional<int32_t> pid;
  std::string command;
  std::string arguments;
  std::map<uint64_t, uint64_t> auxv;
  std::vector<FileMapping> files;          ///< ascending
  std::string executable;                  ///< from our own note
  std::map<std::string, uint64_t> limits;  ///< of our own note
  std::optional<uint64_t> stopped_microseconds;
  std::optional<uint64_t> time;  ///< of our own note: seconds since 1970 (UTC)
  /// gdb puts NT_PRPSINFO before the first thread, the kernel after it.
  bool by_debugger = false;
  std::vector<Warning> warnings;
};

/// Never fails: what cannot be read is left out.
CoreNotes read_core_notes(const elf::File& core, snapshot::Arch arch);

}  // namespace inquest::ingest
