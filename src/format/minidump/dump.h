/// A minidump: bytes -> records. Windows' own, Breakpad's, Crashpad's, Wine's.
///
/// One pass over the directory; memory is borrowed, so that a dump of tens of GiB costs its lists
/// only. Every count, size and offset in the file is a claim that is checked: what is cut or wrong
/// is left out and named in `warnings`. Values; safe from any thread.
/// Source: see records.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "format/minidump/records.h"

namespace inquest::minidump {

struct Dump {
  uint32_t timestamp = 0;  ///< seconds since 1970
  uint64_t flags = 0;      ///< MINIDUMP_TYPE
  bool complete = true;    ///< false when something is cut or damaged
  std::vector<Stream> streams = {};

  std::optional<SystemInfo> system = {};
  std::optional<MiscInfo> misc = {};
  std::optional<Exception> exception = {};
  std::vector<Thread> threads = {};
  std::vector<ThreadInfo> thread_infos = {};
  std::vector<ThreadName> thread_names = {};
  std::vector<Module> modules = {};  ///< in the file's order: the executable is the first
  std::vector<UnloadedModule> unloaded = {};
  std::vector<MemoryRange> memory = {};  ///< in the file's order; may overlap
  std::vector<MemoryInfo> memory_infos = {};
  std::vector<Handle> handles = {};
  std::vector<FunctionTable> function_tables = {};
  std::vector<std::string> comments = {};
  std::optional<VmCounters> vm_counters = {};
  std::optional<BreakpadInfo> breakpad = {};
  std::optional<Assertion> assertion = {};
  LinuxFiles linux_files = {};
  std::optional<Crashpad> crashpad = {};
  std::string_view inquest_note = {};  ///< of `inquest cut`, JSON; borrowed, may be empty

  std::vector<Warning> warnings = {};
};

/// Borrows from `file`. Fails only where nothing can be told: no header, or no stream that is
/// there. `path` is what errors call the file.
Result<Dump> parse(Bytes file, const std::string& path);

}  // namespace inquest::minidump
