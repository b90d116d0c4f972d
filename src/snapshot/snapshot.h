/// What a process was when it died (or was looked at): values, the same from every source.
///
/// Every reader in `ingest/` returns one; everything after it takes one. A Snapshot owns all that
/// it names, is movable, and is safe to read from any thread. "Every field is optional": what the
/// source did not say is absent, and `warnings` says what is missing and how to supply it.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/error.h"
#include "snapshot/memory.h"
#include "snapshot/registers.h"

namespace inquest::snapshot {

enum class Format : uint8_t { elf_core, minidump, live };
enum class Os : uint8_t { linux, windows, macos, unknown };
std::string_view name(Format format);  ///< "elf-core", "minidump", "live"
std::string_view name(Os os);          ///< "linux", "windows", "macos", "unknown"

struct Thread {
  uint32_t id = 0;                           ///< the system's thread id
  std::string name = {};                     ///< empty when not known
  Registers registers;                       ///< at the moment of the dump
  bool crashed = false;                      ///< the thread whose death this is; at most one
  std::optional<uint64_t> tls = {};          ///< thread pointer (fs base, tpidr_el0, TEB)
  std::optional<uint32_t> signal = {};       ///< signal that this thread had when it stopped
  std::vector<std::byte> vector_state = {};  ///< raw xsave/fpsimd bytes; may be empty
  /// Processor time that it has used since its start, user's and system's. Of the first thread of a
  /// Linux process it may include that of threads that have ended.
  std::optional<double> cpu_seconds = {};
  std::optional<int64_t> system_call = {};  ///< number of the one that it is in; negative: in none
};

/// What identifies a build of a module, in the fields that its format has.
struct Identity {
  std::vector<std::byte> build_id = {};      ///< GNU build id; empty when none
  std::optional<std::string> debug_id = {};  ///< PDB GUID+age as 33+ hex digits
  std::string debug_file = {};               ///< file name that the image names as its PDB
  std::optional<uint32_t> timestamp = {};    ///< COFF link time stamp
  std::optional<uint32_t> checksum = {};

  /// Lower-case hex of the build id, or the debug id, or empty.
  std::string text() const;
};

/// An image that was loaded: the executable, a shared library, the vDSO.
struct Module {
  std::string path;    ///< as recorded; may be a bare name, or empty
  AddressRange range;  ///< from its first to past its last mapped byte
  Identity identity;
  /// address = p_vaddr + bias, for ELF. For PE the same as range.begin.
  uint64_t bias = 0;
  bool is_main = false;  ///< the executable
  bool is_vdso = false;  ///< lives only in memory
  bool deleted = false;  ///< the file was replaced or removed while mapped
  std::string version = {};

  std::string_view file_name() const;  ///< last component of path
};

struct Access {
  bool read = false, write = false, execute = false;
  friend bool operator==(const Access&, const Access&) = default;
};

/// A mapping of the process. Ascending and disjoint in Snapshot::regions.
struct Region {
  AddressRange range;
  std::optional<Access> access = {};  ///< absent when the source does not say
  std::string file = {};  ///< mapped file, "[heap]", "[stack]", "[stack:TID]", "[vdso]", or empty
  std::optional<FileOffset> file_offset = {};
  uint64_t recorded = 0;  ///< bytes of it that the dump holds
  bool shared = false;
};

/// An image that was unloaded before the end; newest last, as far as the system remembers.
struct UnloadedModule {
  std::string path;
  AddressRange range;
  std::optional<uint32_t> timestamp = {};
  std::optional<uint32_t> checksum = {};
};

/// Unwind data of code that the program made at run time, such as a JIT compiler's (Windows:
/// RtlAddFunctionTable). Of the images' own see format/pe.
struct FunctionTable {
  AddressRange range;  ///< from its first function to past its last
  Address base;        ///< what the entries' numbers count from
  /// RUNTIME_FUNCTIONs of the architecture, ascending.
  std::vector<std::byte> entries = {};
};

/// What the process held open (Windows).
struct Handle {
  uint64_t value = 0;
  std::string type = {};  ///< "File", "Mutant"...
  std::string name = {};
  uint32_t granted_access = 0;
};

/// The machine and its system.
struct System {
  std::string os_version = {};  ///< "10.0.19045", "6.1.0-38-amd64"
  std::string os_detail = {};   ///< service pack, distribution
  std::string cpu = {};         ///< vendor, brand, family
  std::optional<uint32_t> cpu_count = {};
};

/// What killed the process, as the system told it.
struct Fault {
  uint32_t thread = 0;
  std::optional<int> signal = {};          ///< POSIX signal
  std::optional<int> signal_code = {};     ///< si_code
  std::optional<uint32_t> exception = {};  ///< Windows exception code
  std::vector<uint64_t> parameters = {};   ///< exception parameters
  std::optional<Address> address = {};     ///< si_addr where the signal has one; the faulting data
  std::optional<int32_t> sender_pid = {};  ///< si_pid where the signal was sent (kill, tgkill)
  std::optional<uint32_t> sender_uid = {};
};

struct Process {
  std::optional<int32_t> pid = {};
  std::string command = {};                           ///< short name
  std::string arguments = {};                         ///< as recorded, often cut at 80 characters
  std::string executable = {};                        ///< path, when known
  std::optional<std::chrono::sys_seconds> time = {};  ///< of death
  std::map<uint64_t, uint64_t> auxv = {};             ///< AT_* -> value

  /// The value of an AT_* key of `auxv`; absent where it is not there, or 0, which means the same.
  std::optional<uint64_t> auxiliary(uint64_t key) const {
    auto found = auxv.find(key);
    if (found == auxv.end() || found->second == 0) return {};
    return found->second;
  }
};

struct Snapshot {
  Format format = Format::elf_core;
  Os os = Os::linux;
  Arch arch = Arch::x86_64;
  std::string path = {};  ///< of the dump; empty for a live process
  uint64_t bytes = 0;     ///< size of the dump
  bool complete = true;   ///< false when the dump was cut or damaged
  Process process = {};
  std::vector<Thread> threads = {};
  std::vector<Module> modules = {};  ///< ascending by range.begin, disjoint
  std::vector<Region> regions = {};
  std::vector<UnloadedModule> unloaded = {};
  std::vector<FunctionTable> function_tables = {};  ///< ascending by range.begin; may overlap
  std::vector<Handle> handles = {};
  System system = {};
  Memory memory = {};
  std::optional<Fault> fault = {};
  std::map<std::string, std::string> annotations = {};
  std::vector<Warning> warnings = {};

  /// Borrowed; valid while the Snapshot lives and its vectors do not change. Null when none.
  const Module* module_at(Address at) const;
  const Region* region_at(Address at) const;
  /// Of overlapping ones the one that begins last.
  const FunctionTable* function_table_at(Address at) const;
  const Thread* crashed_thread() const;
  const Thread* thread_by_id(uint32_t id) const;
};

}  // namespace inquest::snapshot
