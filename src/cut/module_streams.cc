// Modules with what identifies their builds; those that were unloaded; the loader's list.
#include <algorithm>
#include <cstdio>

#include "cut/streams.h"

namespace inquest::cut {
namespace {

using snapshot::Module;
using snapshot::Os;
using snapshot::Snapshot;

constexpr uint32_t kModuleList = 4, kUnloadedModules = 14, kFunctionTables = 13,
                   kDsoDebug = 0x4767000a;
constexpr uint32_t kPdb70 = 0x53445352, kPdb20 = 0x3031424e, kBuildId = 0x4270454c;
constexpr size_t kGuidDigits = 32;

/// Two hex digits; 0 where they are none.
uint8_t hex_byte(std::string_view text, size_t at) {
  unsigned value = 0;
  std::sscanf(std::string(text.substr(at, 2)).c_str(), "%2x", &value);
  return static_cast<uint8_t>(value);
}

uint32_t hex_number(std::string_view text) {
  return static_cast<uint32_t>(std::strtoul(std::string(text).c_str(), nullptr, 16));
}

/// "RSDS", GUID as stored (three little-endian numbers, eight bytes), age, name of the PDB.
void put_pdb70(ByteWriter& out, std::string_view id, std::string_view pdb) {
  out.u32(kPdb70);
  for (size_t i : {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}) {
    out.u8(hex_byte(id, 2 * i));
  }
  out.u32(hex_number(id.substr(kGuidDigits))).text(pdb).u8(0);
}

std::vector<std::byte> codeview_of(const Module& module, Os os) {
  const snapshot::Identity& identity = module.identity;
  constexpr size_t kTimestampDigits = 8;
  ByteWriter out;
  if (os != Os::windows && !identity.build_id.empty()) {
    out.u32(kBuildId).bytes(identity.build_id);
  } else if (identity.debug_id && identity.debug_id->size() > kGuidDigits) {
    put_pdb70(out, *identity.debug_id, identity.debug_file);
  } else if (identity.debug_id && identity.debug_id->size() > kTimestampDigits) {
    std::string_view id = *identity.debug_id;
    out.u32(kPdb20).u32(0).u32(hex_number(id.substr(0, kTimestampDigits)));
    out.u32(hex_number(id.substr(kTimestampDigits))).text(identity.debug_file).u8(0);
  } else if (!identity.debug_file.empty()) {
    // A name without an identity: all zeros mean none.
    put_pdb70(out, std::string(kGuidDigits, '0') + "0", identity.debug_file);
  }
  return out.take();
}

/// VS_FIXEDFILEINFO of "10.0.19041.1", zeros without a version.
void put_version(ByteWriter& out, const std::string& version) {
  unsigned v[4] = {};
  if (std::sscanf(version.c_str(), "%u.%u.%u.%u", &v[0], &v[1], &v[2], &v[3]) != 4) {
    out.zeros(13 * 4);
    return;
  }
  constexpr uint32_t kSignature = 0xfeef04bd, kStructure = 0x10000;
  out.u32(kSignature).u32(kStructure);
  out.u32(v[0] << 16 | (v[1] & 0xffff)).u32(v[2] << 16 | (v[3] & 0xffff)).zeros(9 * 4);
}

/// Breakpad's name of the vDSO; the kernel's mark of a file that is gone.
std::string recorded_path(const Module& module) {
  if (module.is_vdso) return "linux-gate.so";
  return module.deleted ? module.path + " (deleted)" : module.path;
}

uint32_t clipped(uint64_t size) {
  return static_cast<uint32_t>(std::min<uint64_t>(size, UINT32_MAX));
}

void put_module(DumpFile& file, ByteWriter& list, const Module& module, Os os) {
  std::vector<std::byte> codeview = codeview_of(module, os);
  Location record = codeview.empty() ? Location{} : file.put(codeview);
  const auto& identity = module.identity;
  list.u64(module.range.begin.value).u32(clipped(module.range.size()));
  list.u32(identity.checksum.value_or(0)).u32(identity.timestamp.value_or(0));
  list.u32(file.put_string(recorded_path(module)));
  put_version(list, module.version);
  put_location(list, record);
  list.zeros(8 + 16);  // the misc record, reserved words
}

/// MINIDUMP_FUNCTION_TABLE_STREAM: unwind data of code made at run time. Its unwind codes lie in
/// memory.
void put_function_tables(DumpFile& file, const Snapshot& snapshot) {
  if (snapshot.function_tables.empty()) return;
  constexpr uint32_t kHeader = 24, kDescriptor = 32;
  const uint32_t entry = snapshot.arch == snapshot::Arch::x86_64 ? 12 : 8;  // RUNTIME_FUNCTION
  ByteWriter list;
  list.u32(kHeader).u32(kDescriptor).u32(0).u32(entry);
  list.u32(snapshot.function_tables.size()).u32(0);
  for (const auto& table : snapshot.function_tables) {
    size_t functions = table.entries.size() / entry;
    list.u64(table.range.begin.value).u64(table.range.end.value).u64(table.base.value);
    list.u32(functions).u32(0);
    list.bytes(Bytes(table.entries).first(functions * entry));
  }
  file.stream(kFunctionTables, list.view());
}

void put_unloaded(DumpFile& file, const Snapshot& snapshot) {
  if (snapshot.unloaded.empty()) return;
  constexpr uint32_t kHeader = 12, kEntry = 24;
  ByteWriter list;
  list.u32(kHeader).u32(kEntry).u32(snapshot.unloaded.size());
  for (const auto& module : snapshot.unloaded) {
    list.u64(module.range.begin.value).u32(clipped(module.range.size()));
    list.u32(module.checksum.value_or(0)).u32(module.timestamp.value_or(0));
    list.u32(file.put_string(module.path));
  }
  file.stream(kUnloadedModules, list.view());
}

/// MDRawDebug: how far each image was moved from the addresses in its file. The place of the
/// dynamic section is not in the Snapshot; any address of the image tells which one is meant.
void put_loaded(DumpFile& file, const Snapshot& snapshot) {
  const bool is_64 = snapshot::is_64_bit(snapshot.arch);
  ByteWriter list;
  uint32_t count = 0;
  for (const Module& module : snapshot.modules) {
    if (module.is_vdso) continue;
    uint32_t name = file.put_string(module.path);
    if (is_64) {
      list.u64(module.bias).u32(name).u32(0).u64(module.range.begin.value);
    } else {
      list.u32(module.bias).u32(name).u32(module.range.begin.value);
    }
    ++count;
  }
  if (count == 0) return;
  constexpr uint32_t kVersion = 1;
  Location at = file.put(list.view());
  ByteWriter out;
  out.u32(kVersion).u32(at.offset).u32(count);
  out.zeros(is_64 ? 4 + 24 : 12);  // the break, the loader's base and dynamic section: not known
  file.stream(kDsoDebug, out.view());
}

}  // namespace

void put_modules(DumpFile& file, const Snapshot& snapshot) {
  ByteWriter list;
  list.u32(snapshot.modules.size());
  // Every reader takes the first for the executable.
  for (bool main : {true, false}) {
    for (const Module& module : snapshot.modules) {
      if (module.is_main == main) put_module(file, list, module, snapshot.os);
    }
  }
  file.stream(kModuleList, list.view());
  put_unloaded(file, snapshot);
  put_function_tables(file, snapshot);
  if (snapshot.os == Os::linux) put_loaded(file, snapshot);
}

}  // namespace inquest::cut
