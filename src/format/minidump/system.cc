// What died of what, on which system: exception, system, process, comments.
#include "base/limits.h"
#include "format/minidump/reader.h"

namespace inquest::minidump {
namespace {

constexpr uint32_t kMaxParameters = 15;  // EXCEPTION_MAXIMUM_PARAMETERS

/// Flags1 of MINIDUMP_MISC_INFO: which members are set.
constexpr uint32_t kHasId = 0x1, kHasTimes = 0x2, kHasPower = 0x4, kHasIntegrity = 0x10,
                   kHasTimeZone = 0x40, kHasBuild = 0x100;

}  // namespace

void read_exception(Reader& reader, Bytes stream) {
  // A cut one still tells its code; what is not there reads as zero.
  raw::Exception raw{};
  std::memcpy(static_cast<void*>(&raw), stream.data(), std::min(stream.size(), sizeof raw));
  if (stream.size() < 16) {
    reader.damage("is too short to tell the exception");
    return;
  }
  Exception exception{.thread = raw.thread,
                      .code = raw.code,
                      .flags = raw.flags,
                      .record = raw.record,
                      .address = raw.address};
  uint32_t count = raw.parameter_count;
  if (count > kMaxParameters) {
    reader.damage(fmt::format("claims {} parameters of at most {}", count, kMaxParameters));
    count = 0;
  }
  for (uint32_t i = 0; i < count; ++i) exception.parameters.push_back(raw.parameters[i]);
  Bytes context = reader.at(raw.context);
  if (context.size() == raw.context.size) {
    exception.context = context;
  } else {
    reader.skip_record();
  }
  reader.dump.exception = std::move(exception);
}

void read_system(Reader& reader, Bytes stream) {
  raw::SystemInfo raw{};
  constexpr size_t kLeast = 24;  // up to the platform
  if (stream.size() < kLeast) {
    reader.damage("is too short to tell system and processor");
    return;
  }
  std::memcpy(static_cast<void*>(&raw), stream.data(), std::min(stream.size(), sizeof raw));
  SystemInfo info{.processor = raw.processor,
                  .processor_level = raw.level,
                  .processor_revision = raw.revision,
                  .processor_count = raw.processor_count,
                  .product_type = raw.product_type,
                  .major = raw.major,
                  .minor = raw.minor,
                  .build = raw.build,
                  .platform = raw.platform,
                  .service_pack = reader.utf16(raw.service_pack)};
  for (u8 letter : raw.vendor) {
    // On x86-64, Windows puts feature bits here.
    if (letter < ' ' || letter > '~') {
      info.vendor.clear();
      break;
    }
    info.vendor.push_back(static_cast<char>(static_cast<uint8_t>(letter)));
  }
  reader.dump.system = std::move(info);
}

void read_misc(Reader& reader, Bytes stream) {
  Cursor cursor{stream};
  cursor.skip(4);  // its size: that of the stream
  uint32_t flags = cursor.read<le32>();
  MiscInfo info;
  auto number = [&](std::optional<uint32_t>& out, uint32_t flag) {
    uint32_t value = cursor.read<le32>();
    if (!cursor.failed() && (flags & flag)) out = value;
  };
  number(info.process_id, kHasId);
  number(info.create_time, kHasTimes);
  number(info.user_time, kHasTimes);
  number(info.kernel_time, kHasTimes);
  number(info.processor_mhz, kHasPower);
  cursor.skip(16);  // the other clock rates and idle states
  number(info.integrity_level, kHasIntegrity);
  cursor.skip(12);  // execute flags, whether protected, time zone id
  int32_t bias = cursor.read<sle32>();
  if (!cursor.failed() && (flags & kHasTimeZone)) info.time_zone_bias = bias;
  cursor.skip(168);  // the rest of TIME_ZONE_INFORMATION
  Bytes build = cursor.take(2 * 260);
  if (flags & kHasBuild) info.build = reader.utf16_field(build);
  Bytes debug = cursor.take(2 * 40);
  if (flags & kHasBuild) info.debug_build = reader.utf16_field(debug);
  reader.dump.misc = std::move(info);
}

void read_comment_ansi(Reader& reader, Bytes stream) {
  std::string text = reader.text(stream.first(std::min(stream.size(), kLimits.string_bytes)));
  if (!text.empty()) reader.dump.comments.push_back(std::move(text));
}

void read_comment_wide(Reader& reader, Bytes stream) {
  std::string text =
      reader.utf16_field(stream.first(std::min(stream.size(), kLimits.string_bytes)));
  if (!text.empty()) reader.dump.comments.push_back(std::move(text));
}

void read_vm_counters(Reader& reader, Bytes stream) {
  Cursor cursor{stream};
  uint16_t revision = cursor.read<le16>();
  cursor.skip(2);
  VmCounters counters;
  counters.page_faults = cursor.read<le32>();
  counters.peak_working_set = cursor.read<le64>();
  counters.working_set = cursor.read<le64>();
  cursor.skip(32);  // quotas of pools
  counters.pagefile = cursor.read<le64>();
  counters.peak_pagefile = cursor.read<le64>();
  auto number = [&](std::optional<uint64_t>& out) {
    uint64_t value = cursor.read<le64>();
    if (!cursor.failed()) out = value;
  };
  if (cursor.failed()) return reader.damage("is cut");
  if (revision >= 2) {
    number(counters.peak_virtual_size);
    number(counters.virtual_size);
  }
  number(counters.private_usage);
  reader.dump.vm_counters = counters;
}

void read_breakpad(Reader& reader, Bytes stream) {
  Cursor cursor{stream};
  uint32_t valid = cursor.read<le32>();
  uint32_t dump_thread = cursor.read<le32>();
  uint32_t requesting_thread = cursor.read<le32>();
  if (cursor.failed()) return reader.damage("is cut");
  BreakpadInfo info;
  if (valid & 1) info.dump_thread = dump_thread;
  if (valid & 2) info.requesting_thread = requesting_thread;
  reader.dump.breakpad = info;
}

void read_assertion(Reader& reader, Bytes stream) {
  constexpr size_t kField = 2 * 128;
  Cursor cursor{stream};
  Assertion assertion;
  for (std::string* text : {&assertion.expression, &assertion.function, &assertion.file}) {
    *text = reader.utf16_field(cursor.take(kField));
  }
  assertion.line = cursor.read<le32>();
  assertion.type = cursor.read<le32>();
  if (cursor.failed()) reader.damage("is cut");
  reader.dump.assertion = std::move(assertion);
}

}  // namespace inquest::minidump
