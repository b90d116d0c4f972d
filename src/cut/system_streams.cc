// The machine, the process, and what was noted about them.
#include <charconv>
#include <cstdio>

#include "cut/streams.h"

namespace inquest::cut {
namespace {

using snapshot::Arch;
using snapshot::Os;
using snapshot::Snapshot;

constexpr uint32_t kSystemInfo = 7, kCommentA = 10, kMiscInfo = 15, kLinuxCpuInfo = 0x47670003,
                   kLinuxStatus = 0x47670004, kLinuxRelease = 0x47670005,
                   kLinuxCommandLine = 0x47670006, kLinuxAuxv = 0x47670008,
                   kCrashpadInfo = 0x43500001;

uint16_t processor_of(Arch arch) {
  switch (arch) {
    case Arch::x86:
      return 0;
    case Arch::arm:
      return 5;
    case Arch::x86_64:
      return 9;
    case Arch::aarch64:
      return 12;
  }
  return 9;
}

uint32_t platform_of(Os os) {
  switch (os) {
    case Os::windows:
      return 2;
    case Os::linux:
      return 0x8201;
    case Os::macos:
      return 0x8101;
    case Os::unknown:
      return 0xffff;
  }
  return 0xffff;
}

/// Family, model, stepping, vendor of "GenuineIntel family 6 model 158 stepping 10".
struct CpuWords {
  unsigned family = 0, model = 0, stepping = 0;
  std::string vendor;
};

CpuWords cpu_words(const std::string& text) {
  CpuWords words;
  size_t at = text.find("family ");
  if (at == text.npos) return words;
  std::sscanf(text.c_str() + at, "family %u model %u stepping %u", &words.family, &words.model,
              &words.stepping);
  constexpr size_t kVendor = 12;
  if (at == kVendor + 1) words.vendor = text.substr(0, kVendor);
  return words;
}

/// Breakpad puts `uname -srvm` where Windows has its service pack.
std::string service_pack(const Snapshot& snapshot) {
  if (snapshot.os != Os::linux) return snapshot.system.os_detail;
  if (snapshot.system.os_version.empty()) return "Linux";
  return "Linux " + snapshot.system.os_version;
}

/// A key or a value on a line of its own.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r' || c == '\0') c = '?';
  }
  return text;
}

void put_linux_files(DumpFile& file, const Snapshot& snapshot) {
  const auto& process = snapshot.process;
  std::string status;
  if (!process.command.empty()) status += "Name:\t" + one_line(process.command) + "\n";
  if (process.pid) status += fmt::format("Pid:\t{}\n", *process.pid);
  if (!status.empty()) file.stream(kLinuxStatus, status);
  if (!process.arguments.empty()) file.stream(kLinuxCommandLine, process.arguments);

  const auto& system = snapshot.system;
  std::string cpu;
  for (uint32_t i = 0; i < std::min(system.cpu_count.value_or(0), 4096u); ++i) {
    cpu += fmt::format("processor\t: {}\n", i);
    if (!system.cpu.empty()) cpu += fmt::format("model name\t: {}\n\n", one_line(system.cpu));
  }
  if (!cpu.empty()) file.stream(kLinuxCpuInfo, cpu);
  if (!system.os_detail.empty()) {
    file.stream(kLinuxRelease,
                fmt::format("DISTRIB_DESCRIPTION=\"{}\"\n", one_line(system.os_detail)));
  }
  if (process.auxv.empty()) return;
  ByteWriter auxv;
  auto word = [&](uint64_t value) {
    snapshot::is_64_bit(snapshot.arch) ? auxv.u64(value) : auxv.u32(value);
  };
  for (const auto& [key, value] : process.auxv) {
    word(key);
    word(value);
  }
  word(0);  // AT_NULL
  word(0);
  file.stream(kLinuxAuxv, auxv.view());
}

/// The 16 bytes of a UUID as Windows stores it; zeros where the text is none.
std::vector<std::byte> uuid_bytes(const std::string& text) {
  std::vector<std::byte> raw(16);
  std::string digits;
  for (char c : text) {
    if (c != '-') digits += c;
  }
  if (digits.size() != 32) return raw;
  constexpr int kPlace[] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
  for (size_t i = 0; i < raw.size(); ++i) {
    unsigned value = 0;
    std::from_chars(digits.data() + 2 * i, digits.data() + 2 * i + 2, value, 16);
    raw[static_cast<size_t>(kPlace[i])] = static_cast<std::byte>(value);
  }
  return raw;
}

}  // namespace

void put_system(DumpFile& file, const Snapshot& snapshot) {
  const auto& system = snapshot.system;
  CpuWords cpu = cpu_words(system.cpu);
  unsigned major = 0, minor = 0, build = 0;
  std::sscanf(system.os_version.c_str(), "%u.%u.%u", &major, &minor, &build);
  uint32_t pack = file.put_string(service_pack(snapshot));
  ByteWriter out;
  out.u16(processor_of(snapshot.arch)).u16(static_cast<uint16_t>(cpu.family));
  out.u16(static_cast<uint16_t>(cpu.model << 8 | (cpu.stepping & 0xff)));
  out.u8(static_cast<uint8_t>(std::min(system.cpu_count.value_or(0), 255u))).u8(0);
  out.u32(major).u32(minor).u32(build).u32(platform_of(snapshot.os)).u32(pack);
  out.u16(0).u16(0);
  cpu.vendor.resize(12);
  out.text(cpu.vendor).zeros(12);
  file.stream(kSystemInfo, out.view());
}

void put_process(DumpFile& file, const Snapshot& snapshot) {
  if (snapshot.process.pid) {
    constexpr uint32_t kSize = 24, kHasId = 1;
    ByteWriter out;
    out.u32(kSize).u32(kHasId).u32(static_cast<uint32_t>(*snapshot.process.pid)).zeros(12);
    file.stream(kMiscInfo, out.view());
  }
  if (snapshot.os == Os::linux) put_linux_files(file, snapshot);
}

void put_comment(DumpFile& file, const Snapshot& snapshot) {
  std::string text;
  for (const auto& [key, value] : snapshot.annotations) {
    if (key != "comment" && !key.starts_with("comment#")) continue;
    text += text.empty() ? value : "\n" + value;
  }
  if (!text.empty()) file.stream(kCommentA, text + '\0');
}

void put_crashpad(DumpFile& file, const Snapshot& snapshot) {
  constexpr std::string_view kPrefix = "crashpad.";
  std::string report, client;
  ByteWriter entries;
  uint32_t count = 0;
  for (const auto& [key, value] : snapshot.annotations) {
    if (!key.starts_with(kPrefix)) continue;
    std::string own = key.substr(kPrefix.size());
    if (own == "report_id") {
      report = value;
    } else if (own == "client_id") {
      client = value;
    } else {
      uint32_t name = file.put_utf8(own);
      entries.u32(name).u32(file.put_utf8(value));
      ++count;
    }
  }
  if (count == 0 && report.empty() && client.empty()) return;
  ByteWriter list;
  list.u32(count).bytes(entries.view());
  Location annotations = file.put(list.view());
  ByteWriter out;
  out.u32(1).bytes(uuid_bytes(report)).bytes(uuid_bytes(client));
  put_location(out, annotations);
  put_location(out, {});
  file.stream(kCrashpadInfo, out.view());
}

}  // namespace inquest::cut
