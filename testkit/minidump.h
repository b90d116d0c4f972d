/// Builds minidumps: of Windows, Breakpad, Crashpad; whole, or wrong on purpose.
///
/// Layouts written from minidumpapiset.h, winnt.h and Breakpad's minidump_format.h as plain
/// integers. What is referred to is appended at once; lists and the directory come last.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testkit/bytes.h"

namespace inquest::testkit {

enum class DumpCpu : uint8_t { x86, x64, arm, arm64, arm64_breakpad };

/// A CONTEXT with the named registers ("rip", "eax", "x29", "sp", "pc", "r7"), others 0.
/// `flags` 0: control and integer parts, as the processor calls them. `extra`: bytes behind, as
/// of an XSAVE area.
std::vector<std::byte> dump_context(DumpCpu cpu, const std::map<std::string, uint64_t>& registers,
                                    uint32_t flags = 0, size_t extra = 0);

class MinidumpBuilder {
 public:
  MinidumpBuilder() { body_.zeros(32); }

  struct ThreadSpec {
    uint32_t id = 1;
    uint64_t teb = 0;
    uint64_t stack = 0;  ///< address
    std::vector<std::byte> stack_bytes = {};
    std::vector<std::byte> context = {};
  };
  struct ModuleSpec {
    uint64_t base = 0x400000;
    uint32_t size = 0x1000, checksum = 0, timestamp = 0;
    std::string path = {};
    uint64_t version = 0;  ///< 0x000a'0000'4a62'0001: 10.0.19042.1; 0: none
    std::vector<std::byte> codeview = {};
  };
  struct ExceptionSpec {
    uint32_t thread = 1, code = 0xc0000005, flags = 0;
    uint64_t address = 0;
    std::vector<uint64_t> parameters = {};
    std::vector<std::byte> context = {};
  };
  struct SystemSpec {
    uint16_t processor = 9;
    uint32_t platform = 2;
    uint32_t major = 10, minor = 0, build = 19045;
    uint8_t processors = 4;
    std::string service_pack = {};
  };
  struct MemoryInfoSpec {
    uint64_t base, size;
    uint32_t state = 0x1000, protect = 0x04, type = 0x20000;
  };

  MinidumpBuilder& thread(const ThreadSpec& spec);
  MinidumpBuilder& thread_name(uint32_t id, std::string_view name);
  MinidumpBuilder& module(const ModuleSpec& spec);
  MinidumpBuilder& unloaded(uint64_t base, uint32_t size, std::string_view path);
  MinidumpBuilder& memory(uint64_t address, const std::vector<std::byte>& bytes);
  /// Of a full dump: all ranges' bytes lie one behind the other.
  MinidumpBuilder& memory64(uint64_t address, const std::vector<std::byte>& bytes);
  MinidumpBuilder& memory_info(const MemoryInfoSpec& spec);
  MinidumpBuilder& exception(const ExceptionSpec& spec);
  MinidumpBuilder& system(const SystemSpec& spec);
  /// `version` 1, 3 or 5 of MINIDUMP_MISC_INFO.
  MinidumpBuilder& misc(uint32_t pid, uint32_t created, int version);
  MinidumpBuilder& handle(uint64_t value, std::string_view type, std::string_view name);
  MinidumpBuilder& comment(std::string_view text);
  MinidumpBuilder& assertion(std::string_view expression, std::string_view function,
                             std::string_view file, uint32_t line, uint32_t type);
  /// Unwind data of code made at run time; an entry is a RUNTIME_FUNCTION's words. Call once.
  MinidumpBuilder& function_table(uint64_t base, const std::vector<std::vector<uint32_t>>& entries);
  MinidumpBuilder& linked_image(uint64_t bias, std::string_view name, uint64_t dynamic);

  using Annotations = std::vector<std::pair<std::string, std::string>>;
  struct CrashpadModuleSpec {
    uint32_t index = 0;
    std::vector<std::string> list = {};
    Annotations simple = {}, objects = {};
  };
  MinidumpBuilder& crashpad(const Annotations& process,
                            const std::vector<CrashpadModuleSpec>& modules);

  /// A whole stream as it is.
  MinidumpBuilder& stream(uint32_t type, std::span<const std::byte> bytes);
  MinidumpBuilder& stream(uint32_t type, std::string_view text);
  /// Appends bytes; their file offset.
  uint32_t put(std::span<const std::byte> bytes);
  uint32_t put_string(std::string_view ascii);  ///< MINIDUMP_STRING
  uint32_t put_utf8(std::string_view text);     ///< MinidumpUTF8String

  std::vector<std::byte> build() const;

 private:
  struct List {
    ByteBuilder entries;
    uint32_t count = 0;
  };
  List& list(uint32_t type) { return lists_[type]; }

  ByteBuilder body_;
  ByteBuilder full_memory_;
  std::map<uint32_t, List> lists_;
  std::vector<std::pair<uint32_t, std::vector<std::byte>>> streams_;
};

/// CodeView records.
std::vector<std::byte> codeview_pdb70(std::string_view guid_as_stored, uint32_t age,
                                      std::string_view pdb);
std::vector<std::byte> codeview_pdb20(uint32_t timestamp, uint32_t age, std::string_view pdb);
std::vector<std::byte> codeview_build_id(std::string_view id);

/// One of each kind that the readers know: seeds for the fuzzer.
std::map<std::string, std::vector<std::byte>> minidump_seeds();

}  // namespace inquest::testkit
