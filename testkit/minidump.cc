#include "testkit/minidump.h"

#include <stdexcept>

namespace inquest::testkit {
namespace {

constexpr uint32_t kThreads = 3, kModules = 4, kMemory = 5, kException = 6, kSystem = 7,
                   kMemory64 = 9, kComment = 10, kHandles = 12, kUnloaded = 14, kMisc = 15,
                   kMemoryInfo = 16, kThreadNames = 24;
constexpr uint32_t kAssertion = 0x47670002, kDso = 0x4767000a, kCrashpad = 0x43500001;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

ByteBuilder& put_location(ByteBuilder& out, size_t size, uint32_t offset) {
  return out.u32(static_cast<uint32_t>(size)).u32(offset);
}

void put_utf16_field(ByteBuilder& out, std::string_view text, size_t units) {
  for (size_t i = 0; i < units; ++i) {
    out.u16(i < text.size() ? static_cast<uint8_t>(text[i]) : uint16_t{0});
  }
}

/// How the lists begin: a plain count, or sizes of header and entry in front of it.
void put_list_head(ByteBuilder& out, uint32_t type, uint32_t count) {
  switch (type) {
    case kMemoryInfo:
      out.u32(16).u32(48).u64(count);
      break;
    case kUnloaded:
      out.u32(12).u32(24).u32(count);
      break;
    case kHandles:
      out.u32(16).u32(40).u32(count).u32(0);
      break;
    case kMemory64:
    case kDso:
      break;  // written by hand
    default:
      out.u32(count);
  }
}

}  // namespace

uint32_t MinidumpBuilder::put(std::span<const std::byte> bytes) {
  body_.align(4);
  auto offset = static_cast<uint32_t>(body_.size());
  body_.bytes(bytes);
  return offset;
}

uint32_t MinidumpBuilder::put_string(std::string_view ascii) {
  ByteBuilder text;
  text.u32(static_cast<uint32_t>(2 * ascii.size()));
  put_utf16_field(text, ascii, ascii.size() + 1);
  return put(text.view());
}

uint32_t MinidumpBuilder::put_utf8(std::string_view text) {
  ByteBuilder out;
  out.u32(static_cast<uint32_t>(text.size())).c_string(text);
  return put(out.view());
}

MinidumpBuilder& MinidumpBuilder::thread(const ThreadSpec& spec) {
  uint32_t stack = put(spec.stack_bytes), context = put(spec.context);
  List& all = list(kThreads);
  ++all.count;
  all.entries.u32(spec.id).u32(0).u32(0x20).u32(0).u64(spec.teb).u64(spec.stack);
  put_location(all.entries, spec.stack_bytes.size(), stack);
  put_location(all.entries, spec.context.size(), context);
  return *this;
}

MinidumpBuilder& MinidumpBuilder::thread_name(uint32_t id, std::string_view name) {
  uint32_t text = put_string(name);
  List& all = list(kThreadNames);
  ++all.count;
  all.entries.u32(id).u64(text);
  return *this;
}

MinidumpBuilder& MinidumpBuilder::module(const ModuleSpec& spec) {
  uint32_t name = put_string(spec.path), codeview = put(spec.codeview);
  List& all = list(kModules);
  ++all.count;
  all.entries.u64(spec.base).u32(spec.size).u32(spec.checksum).u32(spec.timestamp).u32(name);
  all.entries.u32(spec.version ? 0xfeef04bd : 0).u32(0x10000);
  all.entries.u32(static_cast<uint32_t>(spec.version >> 32));
  all.entries.u32(static_cast<uint32_t>(spec.version)).zeros(36);
  put_location(all.entries, spec.codeview.size(), codeview);
  all.entries.zeros(8 + 16);
  return *this;
}

MinidumpBuilder& MinidumpBuilder::unloaded(uint64_t base, uint32_t size, std::string_view path) {
  uint32_t name = put_string(path);
  List& all = list(kUnloaded);
  ++all.count;
  all.entries.u64(base).u32(size).u32(0x1234).u32(0x5678).u32(name);
  return *this;
}

MinidumpBuilder& MinidumpBuilder::memory(uint64_t address, const std::vector<std::byte>& bytes) {
  uint32_t offset = put(bytes);
  List& all = list(kMemory);
  ++all.count;
  put_location(all.entries.u64(address), bytes.size(), offset);
  return *this;
}

MinidumpBuilder& MinidumpBuilder::memory64(uint64_t address, const std::vector<std::byte>& bytes) {
  List& all = list(kMemory64);
  ++all.count;
  all.entries.u64(address).u64(bytes.size());
  full_memory_.bytes(bytes);
  return *this;
}

MinidumpBuilder& MinidumpBuilder::memory_info(const MemoryInfoSpec& spec) {
  List& all = list(kMemoryInfo);
  ++all.count;
  all.entries.u64(spec.base).u64(spec.base).u32(spec.protect).u32(0).u64(spec.size);
  all.entries.u32(spec.state).u32(spec.protect).u32(spec.type).u32(0);
  return *this;
}

MinidumpBuilder& MinidumpBuilder::exception(const ExceptionSpec& spec) {
  uint32_t context = put(spec.context);
  ByteBuilder out;
  out.u32(spec.thread).u32(0).u32(spec.code).u32(spec.flags).u64(0).u64(spec.address);
  out.u32(static_cast<uint32_t>(spec.parameters.size())).u32(0);
  for (size_t i = 0; i < 15; ++i) {
    out.u64(i < spec.parameters.size() ? spec.parameters[i] : 0);
  }
  put_location(out, spec.context.size(), context);
  return stream(kException, out.view());
}

MinidumpBuilder& MinidumpBuilder::system(const SystemSpec& spec) {
  uint32_t text = put_string(spec.service_pack);
  ByteBuilder out;
  out.u16(spec.processor).u16(6).u16(0x3a09).u8(spec.processors).u8(1);
  out.u32(spec.major).u32(spec.minor).u32(spec.build).u32(spec.platform).u32(text).u32(0);
  out.text("GenuineIntel").u32(0).u32(0).u32(0);
  return stream(kSystem, out.view());
}

MinidumpBuilder& MinidumpBuilder::misc(uint32_t pid, uint32_t created, int version) {
  ByteBuilder out;
  uint32_t size = version == 1 ? 24 : version == 3 ? 232 : 1364;
  out.u32(size).u32(version == 1 ? 0x3 : 0x3f7).u32(pid).u32(created).u32(7).u32(8);
  if (version >= 3) {
    out.u32(3000).zeros(16).u32(0x2000).zeros(12).u32(60).zeros(168);
  }
  if (version >= 5) {
    put_utf16_field(out, "19041.1.amd64fre", 260);
    put_utf16_field(out, "dbgcore.amd64", 40);
    out.zeros(size - out.size());
  }
  return stream(kMisc, out.view());
}

MinidumpBuilder& MinidumpBuilder::handle(uint64_t value, std::string_view type,
                                         std::string_view name) {
  uint32_t type_at = put_string(type), name_at = name.empty() ? 0 : put_string(name);
  List& all = list(kHandles);
  ++all.count;
  all.entries.u64(value).u32(type_at).u32(name_at).u32(0).u32(0x1f0003).u32(2).u32(3);
  all.entries.u32(0).u32(0);
  return *this;
}

MinidumpBuilder& MinidumpBuilder::comment(std::string_view text) {
  ByteBuilder out;
  out.c_string(text);
  return stream(kComment, out.view());
}

MinidumpBuilder& MinidumpBuilder::assertion(std::string_view expression, std::string_view function,
                                            std::string_view file, uint32_t line, uint32_t type) {
  ByteBuilder out;
  for (std::string_view text : {expression, function, file}) put_utf16_field(out, text, 128);
  out.u32(line).u32(type);
  return stream(kAssertion, out.view());
}

MinidumpBuilder& MinidumpBuilder::function_table(
    uint64_t base, const std::vector<std::vector<uint32_t>>& entries) {
  constexpr uint32_t kStream = 13, kHeader = 24, kDescriptor = 32, kNative = 88;
  const auto words = static_cast<uint32_t>(entries.empty() ? 3 : entries[0].size());
  ByteBuilder out;
  out.u32(kHeader).u32(kDescriptor).u32(kNative).u32(4 * words).u32(1).u32(0);
  out.u64(base).u64(base + 0x10000).u64(base).u32(static_cast<uint32_t>(entries.size())).u32(4);
  out.zeros(kNative);  // the system's own form of the table, as it lay in memory
  for (const auto& entry : entries) {
    for (uint32_t word : entry) out.u32(word);
  }
  return stream(kStream, out.zeros(4).view());
}

MinidumpBuilder& MinidumpBuilder::linked_image(uint64_t bias, std::string_view name,
                                               uint64_t dynamic) {
  uint32_t text = put_string(name);
  List& all = list(kDso);
  ++all.count;
  all.entries.u64(bias).u32(text).u32(0xdeadbeef).u64(dynamic);  // padding is not cleared
  return *this;
}

MinidumpBuilder& MinidumpBuilder::crashpad(const Annotations& process,
                                           const std::vector<CrashpadModuleSpec>& modules) {
  auto dictionary = [&](ByteBuilder& out, const Annotations& entries, bool objects) {
    if (entries.empty()) return void(put_location(out, 0, 0));
    ByteBuilder all;
    all.u32(static_cast<uint32_t>(entries.size()));
    for (const auto& [key, value] : entries) {
      all.u32(put_utf8(key));
      if (objects) all.u16(1).u16(0);
      all.u32(put_utf8(value));
    }
    put_location(out, all.size(), put(all.view()));
  };
  ByteBuilder links;
  links.u32(static_cast<uint32_t>(modules.size()));
  for (const CrashpadModuleSpec& module : modules) {
    ByteBuilder texts;
    texts.u32(static_cast<uint32_t>(module.list.size()));
    for (const std::string& text : module.list) texts.u32(put_utf8(text));
    ByteBuilder info;
    info.u32(1);
    put_location(info, texts.size(), put(texts.view()));
    dictionary(info, module.simple, false);
    dictionary(info, module.objects, true);
    put_location(links.u32(module.index), info.size(), put(info.view()));
  }
  ByteBuilder out;
  out.u32(1);
  for (uint8_t i = 0; i < 16; ++i) out.u8(i + 1);  // report id
  out.zeros(16);                                   // client id
  dictionary(out, process, false);
  put_location(out, links.size(), put(links.view()));
  return stream(kCrashpad, out.view());
}

MinidumpBuilder& MinidumpBuilder::stream(uint32_t type, std::span<const std::byte> bytes) {
  streams_.emplace_back(type, std::vector<std::byte>(bytes.begin(), bytes.end()));
  return *this;
}

MinidumpBuilder& MinidumpBuilder::stream(uint32_t type, std::string_view text) {
  return stream(type, bytes_of(text));
}

std::vector<std::byte> MinidumpBuilder::build() const {
  ByteBuilder file;
  file.bytes(body_.view());
  ByteBuilder directory;
  uint32_t count = 0;
  auto add = [&](uint32_t type, std::span<const std::byte> bytes) {
    file.align(4);
    put_location(directory.u32(type), bytes.size(), static_cast<uint32_t>(file.size()));
    file.bytes(bytes);
    ++count;
  };
  for (const auto& [type, bytes] : streams_) add(type, bytes);
  size_t full_memory_at = 0;
  for (const auto& [type, all] : lists_) {
    ByteBuilder out;
    put_list_head(out, type, all.count);
    if (type == kMemory64) {
      out.u64(all.count);
      full_memory_at = file.align(4).size() + out.size();
      out.u64(0);
    }
    if (type == kDso) {
      file.align(4);
      auto maps = static_cast<uint32_t>(file.size());
      file.bytes(all.entries.view());
      out.u32(1).u32(maps).u32(all.count).u64(0).u64(0).u64(0);
    } else {
      out.bytes(all.entries.view());
    }
    add(type, out.view());
  }
  file.align(4);
  file.patch(0, 0x504d444d, 4).patch(4, 0xa0baa793, 4).patch(8, count, 4);
  file.patch(12, file.size(), 4).patch(20, 1700000000, 4).patch(24, 0x21, 8);
  file.bytes(directory.view());
  if (full_memory_at != 0) file.patch(full_memory_at, file.size(), 8);
  file.bytes(full_memory_.view());
  return file.take();
}

std::vector<std::byte> codeview_pdb70(std::string_view guid_as_stored, uint32_t age,
                                      std::string_view pdb) {
  return ByteBuilder().text("RSDS").text(guid_as_stored).u32(age).c_string(pdb).take();
}

std::vector<std::byte> codeview_pdb20(uint32_t timestamp, uint32_t age, std::string_view pdb) {
  return ByteBuilder().text("NB10").u32(0).u32(timestamp).u32(age).c_string(pdb).take();
}

std::vector<std::byte> codeview_build_id(std::string_view id) {
  return ByteBuilder().text("LEpB").text(id).take();
}

}  // namespace inquest::testkit
