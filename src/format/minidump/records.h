/// The records of a minidump as its streams have them: values, nothing interpreted.
///
/// Source: Microsoft minidumpapiset.h and its documentation; google_breakpad/common/
/// minidump_format.h; crashpad/minidump/minidump_extensions.h. Times are as the file has them.
/// Strings are UTF-8 (what is not valid UTF-16 became U+FFFD). `Bytes` are borrowed from the file.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/integers.h"

namespace inquest::minidump {

/// An entry of the directory.
struct Stream {
  uint32_t type = 0;
  std::string_view name;  ///< "ThreadList"; empty for a type that is not known
  uint32_t offset = 0;    ///< in the file
  uint32_t size = 0;      ///< as claimed
  bool is_read = false;   ///< false for what is only listed
};

/// Memory of the process: `bytes` is what the file holds of it, from its beginning.
struct MemoryRange {
  uint64_t address = 0;
  uint64_t size = 0;  ///< as claimed; more than bytes.size() where the file is cut
  Bytes bytes = {};
};

/// MINIDUMP_THREAD, MINIDUMP_THREAD_EX.
struct Thread {
  uint32_t id = 0;
  uint32_t suspend_count = 0;
  uint32_t priority_class = 0;
  uint32_t priority = 0;
  uint64_t teb = 0;  ///< Crashpad on Linux: the thread pointer; 0 when not written
  MemoryRange stack = {};
  Bytes context = {};  ///< see context.h; empty when outside the file
};

/// MINIDUMP_THREAD_INFO. Times in units of 100 ns; the first two since 1601.
struct ThreadInfo {
  uint32_t id = 0;
  uint32_t flags = 0;
  uint32_t exit_status = 0;
  uint64_t create_time = 0, exit_time = 0, kernel_time = 0, user_time = 0;
  uint64_t start_address = 0;
};

struct ThreadName {
  uint32_t id = 0;
  std::string name;
};

/// The record that pairs a module with its symbols.
struct CodeView {
  enum class Kind : uint8_t { none, pdb70, pdb20, build_id, unknown };
  Kind kind = Kind::none;
  std::array<uint8_t, 16> guid = {};  ///< as stored: three little-endian numbers, eight bytes
  uint32_t age = 0;
  uint32_t timestamp = 0;  ///< pdb20
  std::string file = {};   ///< of the PDB, as recorded
  Bytes build_id = {};     ///< Breakpad's record of an ELF build id
};

/// MINIDUMP_MODULE.
struct Module {
  uint64_t base = 0;
  uint32_t size = 0;
  uint32_t checksum = 0;
  uint32_t timestamp = 0;
  std::string path = {};
  /// VS_FIXEDFILEINFO's file version, four numbers; absent without its signature.
  std::optional<std::array<uint16_t, 4>> version = {};
  CodeView codeview = {};
};

struct UnloadedModule {
  uint64_t base = 0;
  uint32_t size = 0;
  uint32_t checksum = 0;
  uint32_t timestamp = 0;
  std::string path = {};
};

/// MINIDUMP_MEMORY_INFO: as VirtualQuery tells it.
struct MemoryInfo {
  uint64_t base = 0, size = 0;
  uint64_t allocation_base = 0;
  uint32_t allocation_protect = 0;
  uint32_t state = 0;    ///< MEM_*
  uint32_t protect = 0;  ///< PAGE_*
  uint32_t type = 0;     ///< MEM_IMAGE, MEM_MAPPED, MEM_PRIVATE
};
inline constexpr uint32_t kCommit = 0x1000, kReserve = 0x2000, kFree = 0x10000;
inline constexpr uint32_t kImage = 0x1000000, kMapped = 0x40000, kPrivate = 0x20000;
inline constexpr uint32_t kPageGuard = 0x100;

/// MINIDUMP_EXCEPTION_STREAM. Breakpad on Linux: code is the signal, flags its si_code.
struct Exception {
  uint32_t thread = 0;
  uint32_t code = 0;
  uint32_t flags = 0;
  uint64_t record = 0;  ///< of a nested exception, in the process
  uint64_t address = 0;
  std::vector<uint64_t> parameters = {};  ///< at most 15
  Bytes context = {};
};

/// MINIDUMP_SYSTEM_INFO.
struct SystemInfo {
  uint16_t processor = 0;  ///< PROCESSOR_ARCHITECTURE_*, Breakpad's from 0x8000
  uint16_t processor_level = 0, processor_revision = 0;
  uint8_t processor_count = 0;
  uint8_t product_type = 0;
  uint32_t major = 0, minor = 0, build = 0;
  uint32_t platform = 0;  ///< VER_PLATFORM_*, Breakpad's from 0x8000
  std::string service_pack = {};
  std::string vendor = {};  ///< "GenuineIntel"; x86 only
};

/// MINIDUMP_MISC_INFO 1 to 5; what a shorter one lacks is absent.
struct MiscInfo {
  std::optional<uint32_t> process_id = {};
  std::optional<uint32_t> create_time = {};                  ///< seconds since 1970
  std::optional<uint32_t> user_time = {}, kernel_time = {};  ///< seconds
  std::optional<uint32_t> processor_mhz = {};                ///< at most
  std::optional<uint32_t> integrity_level = {};
  std::optional<int32_t> time_zone_bias = {};  ///< minutes: UTC = local + bias
  std::string build = {};                      ///< "19041.vb_release.191206-1406"
  std::string debug_build = {};
};

struct Handle {
  uint64_t value = 0;
  std::string type = {}, name = {};
  uint32_t attributes = 0, granted_access = 0, handle_count = 0, pointer_count = 0;
};

/// Unwind data that a program made at run time (RtlAddFunctionTable).
struct FunctionTable {
  uint64_t begin = 0, end = 0, base = 0;
  Bytes entries = {};       ///< RUNTIME_FUNCTIONs
  uint32_t entry_size = 0;  ///< of each: 12 on x64, 8 on ARM and ARM64
};

/// MINIDUMP_PROCESS_VM_COUNTERS 1 and 2, in bytes.
struct VmCounters {
  uint32_t page_faults = 0;
  uint64_t peak_working_set = 0, working_set = 0;
  uint64_t pagefile = 0, peak_pagefile = 0;
  std::optional<uint64_t> virtual_size = {}, peak_virtual_size = {}, private_usage = {};
};

struct BreakpadInfo {
  std::optional<uint32_t> dump_thread = {}, requesting_thread = {};
};

/// Breakpad's record of a failed assertion of the C runtime.
struct Assertion {
  std::string expression = {}, function = {}, file = {};
  uint32_t line = 0;
  uint32_t type = 0;  ///< 1 invalid parameter, 2 pure virtual call
};

/// A library of the Linux loader's list.
struct LinkedImage {
  uint64_t bias = 0;  ///< l_addr
  std::string name = {};
  uint64_t dynamic = 0;  ///< l_ld
};

/// Files of /proc/PID, as Breakpad and Crashpad copy them. Empty where absent.
struct LinuxFiles {
  std::string_view cpuinfo, status, lsb_release, command_line, environment, maps;
  Bytes auxv = {};
  std::vector<LinkedImage> linked = {};
};

/// What the program told Crashpad.
struct CrashpadModule {
  uint32_t index = 0;  ///< in Dump::modules
  std::vector<std::string> list = {};
  std::vector<std::pair<std::string, std::string>> annotations = {};  ///< simple ones and objects
};
struct Crashpad {
  std::string report_id = {}, client_id = {};  ///< as UUID text; empty when all zero
  std::vector<std::pair<std::string, std::string>> annotations = {};
  std::vector<CrashpadModule> modules = {};
};

}  // namespace inquest::minidump
