// The system, the process, and what was noted about them.
#include <algorithm>
#include <elf.h>

#include "base/cursor.h"
#include "base/limits.h"
#include "ingest/minidump_parts.h"
#include "ingest/proc_text.h"
#include "ingest/word.h"

namespace inquest::ingest {
namespace {

using snapshot::Os;
using snapshot::Snapshot;

/// VER_PLATFORM_* and Breakpad's.
Os os_of(uint32_t platform) {
  switch (platform) {
    case 0x8201:  // Linux
    case 0x8203:  // Android
      return Os::linux;
    case 0x8101:  // macOS
    case 0x8102:  // iOS
      return Os::macos;
    case 0:
    case 1:
    case 2:
    case 3:  // Win32s, 9x, NT, CE
      return Os::windows;
    default:
      return Os::unknown;
  }
}

/// Family, model, stepping as cpuid has them: revision is 0xMMSS.
std::string cpu_text(const minidump::SystemInfo& info, snapshot::Arch arch) {
  if (arch == snapshot::Arch::x86 || arch == snapshot::Arch::x86_64) {
    std::string vendor = info.vendor.empty() ? "" : info.vendor + " ";
    return fmt::format("{}family {} model {} stepping {}", vendor, info.processor_level,
                       info.processor_revision >> 8, info.processor_revision & 0xff);
  }
  return info.processor_level ? fmt::format("ARMv{}", info.processor_level) : "";
}

/// Breakpad puts `uname -srvm` where Windows has its service pack.
void take_linux_version(const minidump::Dump& dump, Snapshot& snapshot) {
  const std::string& uname = dump.system->service_pack;
  size_t name_end = uname.find(' ');
  if (name_end != uname.npos) {
    size_t end = uname.find(' ', name_end + 1);
    snapshot.system.os_version = uname.substr(name_end + 1, end - name_end - 1);
  }
  std::string_view release = dump.linux_files.lsb_release;
  snapshot.system.os_detail = proc_value(release, "DISTRIB_DESCRIPTION", '=');
  if (snapshot.system.os_detail.empty()) {
    snapshot.system.os_detail = proc_value(release, "PRETTY_NAME", '=');
  }
  std::string_view cpuinfo = dump.linux_files.cpuinfo;
  if (std::string model = proc_value(cpuinfo, "model name", ':'); !model.empty()) {
    snapshot.system.cpu = model;
  }
  if (uint32_t count = count_proc_lines(cpuinfo, "processor", ':'); count > 0) {
    snapshot.system.cpu_count = count;
  }
}

void take_linux_process(const minidump::LinuxFiles& files, Snapshot& snapshot) {
  auto& process = snapshot.process;
  std::string pid = proc_value(files.status, "Pid", ':');
  if (!pid.empty() && !process.pid) process.pid = std::atoi(pid.c_str());
  process.command = proc_value(files.status, "Name", ':');
  process.arguments = joined_arguments(files.command_line);
  constexpr size_t kMost = 256;  // the kernel writes about 20
  Cursor cursor{files.auxv, "LinuxAuxv"};
  while (!cursor.at_end() && process.auxv.size() < kMost) {
    uint64_t key = read_word(cursor, snapshot.arch);
    uint64_t value = read_word(cursor, snapshot.arch);
    if (cursor.failed() || key == AT_NULL) return;
    process.auxv.emplace(key, value);
  }
}

std::string time_text(uint32_t seconds) {
  auto time = static_cast<time_t>(seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string_view integrity_name(uint32_t level) {
  switch (level >> 12) {  // SECURITY_MANDATORY_*_RID
    case 0:
      return "untrusted";
    case 1:
      return "low";
    case 2:
      return "medium";
    case 3:
      return "high";
    case 4:
      return "system";
    default:
      return "protected";
  }
}

class Notes {
 public:
  explicit Notes(Snapshot& snapshot) : annotations_(snapshot.annotations) {}
  void put(std::string key, std::string value) {
    if (value.empty()) return;
    // Two of one key are kept both.
    std::string base = key;
    for (int n = 2; annotations_.contains(key) && n < 100; ++n) key = fmt::format("{}#{}", base, n);
    annotations_.emplace(std::move(key), std::move(value));
  }
  template <class T>
  void put(std::string key, const std::optional<T>& value) {
    if (value) put(std::move(key), std::to_string(*value));
  }

 private:
  std::map<std::string, std::string>& annotations_;
};

void note_process(const minidump::Dump& dump, Notes& notes) {
  if (const auto& misc = dump.misc) {
    if (misc->create_time) notes.put("process.created", time_text(*misc->create_time));
    notes.put("process.user_seconds", misc->user_time);
    notes.put("process.kernel_seconds", misc->kernel_time);
    if (misc->integrity_level) {
      notes.put("process.integrity", std::string(integrity_name(*misc->integrity_level)));
    }
    notes.put("system.build", misc->build);
    notes.put("system.processor_mhz", misc->processor_mhz);
  }
  if (const auto& vm = dump.vm_counters) {
    notes.put("vm.working_set", std::to_string(vm->working_set));
    notes.put("vm.peak_working_set", std::to_string(vm->peak_working_set));
    notes.put("vm.pagefile", std::to_string(vm->pagefile));
    notes.put("vm.private", vm->private_usage);
    notes.put("vm.virtual_size", vm->virtual_size);
  }
}

std::string text_of(const minidump::Assertion& assertion) {
  std::string text = assertion.expression;
  if (assertion.type == 1) text += text.empty() ? "invalid parameter" : " (invalid parameter)";
  if (assertion.type == 2) text += text.empty() ? "pure virtual call" : " (pure virtual call)";
  if (!assertion.function.empty()) text += fmt::format(", function {}", assertion.function);
  if (!assertion.file.empty()) text += fmt::format(", {}:{}", assertion.file, assertion.line);
  return text;
}

void note_crashpad(const minidump::Dump& dump, Notes& notes) {
  const minidump::Crashpad& info = *dump.crashpad;
  notes.put("crashpad.report_id", info.report_id);
  notes.put("crashpad.client_id", info.client_id);
  for (const auto& [key, value] : info.annotations) notes.put("crashpad." + key, value);
  for (const minidump::CrashpadModule& module : info.modules) {
    snapshot::Module named;
    if (module.index < dump.modules.size()) named.path = dump.modules[module.index].path;
    constexpr size_t kLongest = 128;  // repeated in every key
    std::string prefix = fmt::format("crashpad.{}", named.file_name().substr(0, kLongest));
    for (const auto& [key, value] : module.annotations) {
      notes.put(fmt::format("{}.{}", prefix, key), value);
    }
    for (const std::string& text : module.list) notes.put(prefix, text);
  }
}

void take_annotations(const minidump::Dump& dump, Snapshot& snapshot) {
  Notes notes(snapshot);
  for (const std::string& comment : dump.comments) notes.put("comment", comment);
  if (dump.assertion) notes.put("assertion", text_of(*dump.assertion));
  if (dump.crashpad) note_crashpad(dump, notes);
  if (dump.breakpad) {
    notes.put("breakpad.dump_thread", dump.breakpad->dump_thread);
    notes.put("breakpad.requesting_thread", dump.breakpad->requesting_thread);
  }
  note_process(dump, notes);
  if (!dump.function_tables.empty()) {
    notes.put("function_tables", std::to_string(dump.function_tables.size()));
  }
}

}  // namespace

void take_system(const minidump::Dump& dump, Snapshot& snapshot) {
  snapshot.os = dump.system ? os_of(dump.system->platform) : Os::windows;
  if (dump.timestamp != 0) {
    snapshot.process.time = std::chrono::sys_seconds{std::chrono::seconds{dump.timestamp}};
  }
  if (dump.misc && dump.misc->process_id) {
    snapshot.process.pid = static_cast<int32_t>(*dump.misc->process_id);
  }
  if (const auto& info = dump.system) {
    auto& system = snapshot.system;
    system.os_version = fmt::format("{}.{}.{}", info->major, info->minor, info->build);
    system.os_detail = info->service_pack;
    system.cpu = cpu_text(*info, snapshot.arch);
    if (info->processor_count != 0) system.cpu_count = info->processor_count;
    if (snapshot.os == Os::linux) take_linux_version(dump, snapshot);
  }
  if (snapshot.os == Os::linux) take_linux_process(dump.linux_files, snapshot);
  take_annotations(dump, snapshot);
  snapshot.handles.reserve(dump.handles.size());
  for (const minidump::Handle& handle : dump.handles) {
    snapshot.handles.push_back({.value = handle.value,
                                .type = handle.type,
                                .name = handle.name,
                                .granted_access = handle.granted_access});
  }
}

}  // namespace inquest::ingest
