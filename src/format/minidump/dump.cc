#include "format/minidump/dump.h"

#include <algorithm>
#include <functional>
#include <unordered_set>

#include "format/minidump/reader.h"

namespace inquest::minidump {
namespace {

constexpr uint32_t kSignature = 0x504d444d;  // "MDMP"
constexpr uint16_t kVersion = 0xa793;
constexpr uint32_t kMostStreams = 4096;  // real dumps have about 20

/// A copied file, as text.
template <std::string_view LinuxFiles::* Member>
void read_linux_file(Reader& reader, Bytes stream) {
  reader.dump.linux_files.*Member = {reinterpret_cast<const char*>(stream.data()), stream.size()};
}
void read_auxv(Reader& reader, Bytes stream) { reader.dump.linux_files.auxv = stream; }
void read_inquest_note(Reader& reader, Bytes stream) {
  reader.dump.inquest_note = {reinterpret_cast<const char*>(stream.data()), stream.size()};
}

struct Kind {
  uint32_t type;
  std::string_view name;
  ReadStream read;  ///< null: listed only
};

/// In the order in which they are read: the loader's list needs the processor, and the extended
/// thread list is for dumps without the plain one.
constexpr Kind kKinds[] = {
    {7, "SystemInfo", read_system},
    {15, "MiscInfo", read_misc},
    {6, "Exception", read_exception},
    {3, "ThreadList", read_threads},
    {8, "ThreadExList", read_threads_ex},
    {17, "ThreadInfoList", read_thread_infos},
    {24, "ThreadNames", read_thread_names},
    {4, "ModuleList", read_modules},
    {14, "UnloadedModuleList", read_unloaded_modules},
    {5, "MemoryList", read_memory},
    {9, "Memory64List", read_memory64},
    {16, "MemoryInfoList", read_memory_infos},
    {12, "HandleData", read_handles},
    {13, "FunctionTable", read_function_tables},
    {10, "CommentA", read_comment_ansi},
    {11, "CommentW", read_comment_wide},
    {22, "ProcessVmCounters", read_vm_counters},
    {18, "HandleOperationList", nullptr},
    {19, "Token", nullptr},
    {20, "JavaScriptData", nullptr},
    {21, "SystemMemoryInfo", nullptr},
    {23, "IptTrace", nullptr},
    {0x47670001, "BreakpadInfo", read_breakpad},
    {0x47670002, "AssertionInfo", read_assertion},
    {0x47670003, "LinuxCpuInfo", read_linux_file<&LinuxFiles::cpuinfo>},
    {0x47670004, "LinuxProcStatus", read_linux_file<&LinuxFiles::status>},
    {0x47670005, "LinuxLsbRelease", read_linux_file<&LinuxFiles::lsb_release>},
    {0x47670006, "LinuxCmdLine", read_linux_file<&LinuxFiles::command_line>},
    {0x47670007, "LinuxEnviron", read_linux_file<&LinuxFiles::environment>},
    {0x47670008, "LinuxAuxv", read_auxv},
    {0x47670009, "LinuxMaps", read_linux_file<&LinuxFiles::maps>},
    {0x4767000a, "LinuxDsoDebug", read_linked_images},
    {0x4767000b, "LinuxProcStat", nullptr},
    {0x4767000c, "LinuxProcUptime", nullptr},
    {0x4767000d, "LinuxProcFd", nullptr},
    {0x43500001, "CrashpadInfo", read_crashpad},
    {0x49510001, "InquestNote", read_inquest_note},
    {0x4d7a0001, "MozMacosCrashInfo", nullptr},
    {0x4d7a0002, "MozMacosBootargs", nullptr},
    {0x4d7a0003, "MozLinuxLimits", nullptr},
    {0x4d7a0004, "MozSoftErrors", nullptr},
};

std::string_view name_of(uint32_t type) {
  const auto* kind = std::ranges::find(kKinds, type, &Kind::type);
  return kind == std::end(kKinds) ? std::string_view{} : kind->name;
}

/// The directory's entries as far as they are there; empty places are left out.
void read_directory(const raw::Header& header, uint32_t offset, Reader& reader) {
  uint64_t claimed = header.stream_count;
  Bytes bytes = reader.at(offset, claimed * sizeof(raw::Directory));
  uint64_t count = std::min<uint64_t>(bytes.size() / sizeof(raw::Directory), kMostStreams);
  if (count < claimed) {
    reader.damage(fmt::format("the directory claims {} streams; {} are read", claimed, count),
                  "get the whole dump");
  }
  Cursor cursor{bytes};
  for (uint64_t i = 0; i < count; ++i) {
    auto raw = cursor.read<raw::Directory>();
    if (raw.type == 0) continue;
    reader.dump.streams.push_back({.type = raw.type,
                                   .name = name_of(raw.type),
                                   .offset = raw.location.offset,
                                   .size = raw.location.size});
  }
}

/// Most writers put the directory right behind the header: where that says nonsense, it is tried.
void find_directory(raw::Header header, Reader& reader) {
  read_directory(header, header.directory, reader);
  auto is_known = [](const Stream& stream) { return !stream.name.empty(); };
  auto& streams = reader.dump.streams;
  if (std::ranges::any_of(streams, is_known)) return;
  auto unknown = std::move(streams);
  streams.clear();
  constexpr uint32_t kUsualCount = 16;
  header.stream_count = kUsualCount;
  read_directory(header, sizeof(raw::Header), reader);
  std::erase_if(streams, std::not_fn(is_known));  // what lies behind the directory is not of it
  if (streams.empty()) {
    streams = std::move(unknown);
    return;
  }
  reader.damage(
      fmt::format("the header puts the directory at {:#x}, where there is none; it was "
                  "found behind the header",
                  uint32_t{header.directory}));
}

void read_stream(const Kind& kind, Stream& stream, Reader& reader) {
  Bytes bytes = reader.at(stream.offset, stream.size);
  reader.begin_stream(kind.name);
  if (bytes.size() < stream.size) {
    reader.damage(fmt::format("is cut: {} of {} bytes are there", bytes.size(), stream.size),
                  "get the whole dump");
  }
  if (!bytes.empty()) {
    kind.read(reader, bytes);
    stream.is_read = true;
  }
  reader.end_stream();
}

/// Streams of a sound dump lie side by side: one that overlaps another is not what it claims.
void warn_of_overlaps(Reader& reader) {
  std::vector<const Stream*> order;
  for (const Stream& stream : reader.dump.streams) {
    if (stream.size != 0) order.push_back(&stream);
  }
  std::ranges::stable_sort(order, {}, &Stream::offset);
  auto text = [](const Stream& stream) {
    return stream.name.empty() ? fmt::format("{:#x}", stream.type) : std::string(stream.name);
  };
  for (size_t i = 1; i < order.size(); ++i) {
    const Stream &before = *order[i - 1], &stream = *order[i];
    if (stream.offset >= uint64_t{before.offset} + before.size) continue;
    reader.damage(fmt::format("the streams {} and {} overlap: at least one of them is wrong",
                              text(before), text(stream)),
                  "get the whole dump, or have it written again");
    return;  // one says it
  }
}

/// The first stream of each type; more of one type are damage, and could be made to cost much.
void read_streams(Reader& reader) {
  for (const Kind& kind : kKinds) {
    if (!kind.read) continue;
    auto& streams = reader.dump.streams;
    auto found = std::ranges::find(streams, kind.type, &Stream::type);
    if (found == streams.end()) continue;
    read_stream(kind, *found, reader);
    auto again = std::find_if(found + 1, streams.end(),
                              [&](const Stream& stream) { return stream.type == kind.type; });
    if (again != streams.end()) {
      reader.damage(fmt::format("there is more than one {} stream; the first is read", kind.name));
    }
  }
}

}  // namespace

Result<Dump> parse(Bytes file, const std::string& path) {
  Cursor cursor{file, "minidump header"};
  auto header = cursor.read<raw::Header>();
  auto refuse = [&](std::string what, std::string advice) {
    return fail({.what = std::move(what),
                 .file = path,
                 .stream = "minidump header",
                 .offset = 0,
                 .advice = std::move(advice)});
  };
  if (cursor.failed()) {
    return refuse(fmt::format("is cut after {} bytes", file.size()), "get the whole dump");
  }
  if (header.signature != kSignature) return refuse("is not a minidump", "give a .dmp file");

  Dump dump;
  dump.timestamp = header.timestamp;
  dump.flags = header.flags;
  Reader reader(file, dump);
  if ((header.version & 0xffff) != kVersion) {
    dump.warnings.push_back({fmt::format("the minidump's version is {:#x}, not the only one known",
                                         header.version & 0xffff)});
  }
  find_directory(header, reader);
  if (dump.streams.empty()) {
    return refuse(
        fmt::format("has no streams: its directory of {} lies at {:#x} of {:#x} bytes",
                    uint32_t{header.stream_count}, uint32_t{header.directory}, file.size()),
        "the dump is cut or damaged; get the whole dump");
  }
  warn_of_overlaps(reader);
  read_streams(reader);
  return dump;
}

}  // namespace inquest::minidump
