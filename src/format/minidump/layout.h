/// Raw layouts of minidumps (internal to format/minidump). Little-endian, packed to 4 bytes.
/// Source: minidumpapiset.h; minidump_format.h (Breakpad); minidump_extensions.h (Crashpad).
#pragma once

#include "base/integers.h"

namespace inquest::minidump::raw {

struct Header {
  le32 signature, version, stream_count, directory, checksum, timestamp;
  le64 flags;
};
static_assert(sizeof(Header) == 32);

struct Location {
  le32 size, offset;
};
struct Directory {
  le32 type;
  Location location;
};
static_assert(sizeof(Directory) == 12);

struct Memory {
  le64 address;
  Location location;
};
struct Memory64 {
  le64 address, size;
};
static_assert(sizeof(Memory) == 16 && sizeof(Memory64) == 16);

struct Thread {
  le32 id, suspend_count, priority_class, priority;
  le64 teb;
  Memory stack;
  Location context;
};
static_assert(sizeof(Thread) == 48);
struct ThreadEx {
  Thread thread;
  Memory backing_store;
};
static_assert(sizeof(ThreadEx) == 64);

struct ThreadInfo {
  le32 id, flags, error, exit_status;
  le64 create_time, exit_time, kernel_time, user_time, start_address, affinity;
};
static_assert(sizeof(ThreadInfo) == 64);

struct ThreadName {
  le32 id;
  le64 name;
};
static_assert(sizeof(ThreadName) == 12);

struct FixedFileInfo {
  le32 signature, structure_version, version_high, version_low;
  le32 others[9];
};
struct Module {
  le64 base;
  le32 size, checksum, timestamp, name;
  FixedFileInfo version;
  Location codeview, misc;
  le64 reserved[2];
};
static_assert(sizeof(Module) == 108);

struct UnloadedModule {
  le64 base;
  le32 size, checksum, timestamp, name;
};
static_assert(sizeof(UnloadedModule) == 24);

struct MemoryInfo {
  le64 base, allocation_base;
  le32 allocation_protect, padding;
  le64 size;
  le32 state, protect, type, padding2;
};
static_assert(sizeof(MemoryInfo) == 48);

struct Exception {
  le32 thread, padding;
  le32 code, flags;
  le64 record, address;
  le32 parameter_count, padding2;
  le64 parameters[15];
  Location context;
};
static_assert(sizeof(Exception) == 168);

struct SystemInfo {
  le16 processor, level, revision;
  u8 processor_count, product_type;
  le32 major, minor, build, platform, service_pack;
  le16 suite, reserved;
  u8 vendor[12];
  le32 cpu[3];
};
static_assert(sizeof(SystemInfo) == 56);

/// Lists that name their own sizes begin with these two.
struct SizedHeader {
  le32 header_size, entry_size;
};

struct Handle {
  le64 value;
  le32 type, name, attributes, granted_access, handle_count, pointer_count;
};
static_assert(sizeof(Handle) == 32);

struct FunctionTableHeader {
  le32 header_size, entry_size, native_size, function_size, count, padding;
};
struct FunctionTable {
  le64 begin, end, base;
  le32 function_count, padding;
};
static_assert(sizeof(FunctionTable) == 32);

struct AnnotationObject {
  le32 name;
  le16 type, reserved;
  le32 value;
};
struct CrashpadInfo {
  le32 version;
  u8 report_id[16], client_id[16];
  Location annotations, modules;
};
static_assert(sizeof(CrashpadInfo) == 52);
struct CrashpadModuleLink {
  le32 index;
  Location location;
};
struct CrashpadModule {
  le32 version;
  Location list, annotations, objects;
};
static_assert(sizeof(CrashpadModule) == 28);

}  // namespace inquest::minidump::raw
