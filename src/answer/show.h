/// What a dump holds, as values for the report of `show`: no logic.
///
/// Empty strings and absent values are what the dump does not say.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "answer/answer.h"

namespace inquest::answer {

struct ShownFault {
  uint32_t thread = 0;
  std::string words = {};  ///< "0xc0000005 access violation writing 0x24", "SIGSEGV, code 1"
  std::optional<int> signal = {}, signal_code = {};
  std::optional<uint32_t> exception = {};
  std::vector<uint64_t> parameters = {};
  std::optional<Address> address = {};  ///< of the data, or where the processor says so
  std::string place = {};               ///< of the instruction: "lobby.exe+0x4012"
};

struct ShownSystem {
  std::string version = {}, detail = {}, cpu = {};
  std::optional<uint32_t> cpu_count = {};
};

struct ShownModule {
  std::string path;
  Address base;
  uint64_t size = 0;
  std::string build_id = {};    ///< lower-case hex
  std::string debug_id = {};    ///< GUID and age, as symbol servers name folders
  std::string debug_file = {};  ///< PDB that the image names
  std::optional<uint32_t> age = {}, timestamp = {}, checksum = {};
  std::string version = {};
  bool is_main = false;
};

struct ShownUnloaded {
  std::string path;
  Address base;
  uint64_t size = 0;
  std::optional<uint32_t> timestamp = {}, checksum = {};
};

struct ShownThread {
  uint32_t id = 0;
  std::string name = {};
  bool crashed = false;
  std::optional<Address> pc = {}, sp = {}, tls = {};
  std::string place = {};  ///< of pc: "ntdll.dll+0x9f7c4"; empty outside all modules
};

/// Bytes of memory that the dump holds.
struct ShownRange {
  Address begin;
  uint64_t size = 0;
};

/// The address space by what lies there.
struct ShownRegions {
  std::string kind;    ///< "image", "mapped file", "stack", "heap", "anonymous", "guard", ...
  std::string access;  ///< "rw-"; empty when not told
  uint64_t count = 0;
  uint64_t bytes = 0;
  uint64_t recorded = 0;  ///< bytes of them that the dump holds
};

struct ShownHandle {
  uint64_t value = 0;
  std::string type = {}, name = {};
  uint32_t granted_access = 0;
};

/// Everything `inquest show` says.
struct Show {
  Dump dump;
  std::string executable = {}, arguments = {};
  std::optional<ShownFault> fault = {};
  ShownSystem system = {};
  std::vector<ShownModule> modules = {};
  std::vector<ShownUnloaded> unloaded = {};
  std::vector<ShownThread> threads = {};
  std::vector<ShownRange> memory = {};     ///< ascending
  std::vector<ShownRegions> regions = {};  ///< largest first
  std::vector<ShownHandle> handles = {};
  std::map<std::string, std::string> annotations = {};
  std::vector<Warning> warnings = {};
};

}  // namespace inquest::answer
