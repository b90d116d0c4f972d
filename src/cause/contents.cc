#include "cause/contents.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <map>

#include "cause/fault/fault.h"
#include "snapshot/exceptions.h"

namespace inquest::cause {
namespace {

using snapshot::Snapshot;

std::string iso_time(std::chrono::sys_seconds when) {
  std::time_t seconds = when.time_since_epoch().count();
  std::tm parts{};
  if (!gmtime_r(&seconds, &parts)) return {};
  char text[40];
  size_t n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return std::string(text, n);
}

std::string place_of(const Snapshot& snapshot, std::optional<Address> at) {
  const snapshot::Module* module = at ? snapshot.module_at(*at) : nullptr;
  if (!module) return {};
  return fmt::format("{}+{:#x}", module->file_name(), *at - module->range.begin);
}

std::string fault_words(const snapshot::Fault& fault, snapshot::Os os) {
  if (fault.exception) return snapshot::exception_words(fault, os);
  if (!fault.signal) return {};
  std::string words = signal_name(*fault.signal);
  if (fault.signal_code) words += fmt::format(", code {}", *fault.signal_code);
  if (fault.sender_pid) words += fmt::format(", sent by process {}", *fault.sender_pid);
  return words;
}

answer::ShownFault describe_fault(const Snapshot& snapshot) {
  const snapshot::Fault& fault = *snapshot.fault;
  const snapshot::Thread* thread = snapshot.thread_by_id(fault.thread);
  return {.thread = fault.thread,
          .words = fault_words(fault, snapshot.os),
          .signal = fault.signal,
          .signal_code = fault.signal_code,
          .exception = fault.exception,
          .parameters = fault.parameters,
          .address = fault.address,
          .place = place_of(snapshot, thread ? thread->registers.pc() : std::nullopt)};
}

/// The hex digits behind the 32 of the GUID.
std::optional<uint32_t> age_of(const snapshot::Identity& identity) {
  constexpr size_t kGuid = 32;
  if (!identity.build_id.empty() || !identity.debug_id || identity.debug_id->size() <= kGuid) {
    return {};
  }
  uint32_t age = 0;
  const std::string& id = *identity.debug_id;
  auto [end, problem] = std::from_chars(id.data() + kGuid, id.data() + id.size(), age, 16);
  if (problem != std::errc{}) return {};
  return age;
}

answer::ShownModule describe_module(const snapshot::Module& module) {
  const snapshot::Identity& identity = module.identity;
  return {.path = module.path,
          .base = module.range.begin,
          .size = module.range.size(),
          .build_id = identity.build_id.empty() ? "" : identity.text(),
          .debug_id = identity.debug_id.value_or(""),
          .debug_file = identity.debug_file,
          .age = age_of(identity),
          .timestamp = identity.timestamp,
          .checksum = identity.checksum,
          .version = module.version,
          .is_main = module.is_main};
}

answer::ShownThread describe_thread(const Snapshot& snapshot, const snapshot::Thread& thread) {
  answer::ShownThread shown{.id = thread.id,
                            .name = thread.name,
                            .crashed = thread.crashed,
                            .pc = thread.registers.pc(),
                            .sp = thread.registers.sp(),
                            .place = place_of(snapshot, thread.registers.pc())};
  if (thread.tls) shown.tls = Address{*thread.tls};
  return shown;
}

/// "[stack:12]" is a stack; what no name tells is told by what backs it.
std::string kind_of(const Snapshot& snapshot, const snapshot::Region& region) {
  const std::string& file = region.file;
  if (file.starts_with("[stack")) return "stack";
  if (file.starts_with('[') && file.ends_with(']')) return file.substr(1, file.size() - 2);
  if (snapshot.module_at(region.range.begin)) return "image";
  if (!file.empty()) return "mapped file";
  return region.shared ? "shared" : "anonymous";
}

std::string access_text(const snapshot::Region& region) {
  if (!region.access) return {};
  return {region.access->read ? 'r' : '-', region.access->write ? 'w' : '-',
          region.access->execute ? 'x' : '-'};
}

std::vector<answer::ShownRegions> describe_regions(const Snapshot& snapshot) {
  std::map<std::pair<std::string, std::string>, answer::ShownRegions> kinds;
  for (const snapshot::Region& region : snapshot.regions) {
    auto key = std::pair(kind_of(snapshot, region), access_text(region));
    answer::ShownRegions& sum = kinds[key];
    sum.kind = key.first;
    sum.access = key.second;
    ++sum.count;
    sum.bytes += region.range.size();
    sum.recorded += region.recorded;
  }
  std::vector<answer::ShownRegions> all;
  for (auto& [key, sum] : kinds) all.push_back(std::move(sum));
  std::ranges::stable_sort(all, std::greater{}, &answer::ShownRegions::bytes);
  return all;
}

}  // namespace

answer::Dump describe_dump(const Snapshot& snapshot) {
  answer::Dump dump;
  dump.path = snapshot.path;
  dump.format = std::string(name(snapshot.format));
  dump.os = std::string(name(snapshot.os));
  dump.arch = std::string(name(snapshot.arch));
  dump.pid = snapshot.process.pid;
  dump.command = snapshot.process.command;
  if (snapshot.process.time) dump.time = iso_time(*snapshot.process.time);
  dump.bytes = snapshot.bytes;
  dump.complete = snapshot.complete;
  return dump;
}

answer::Show describe_contents(const Snapshot& snapshot) {
  answer::Show show{.dump = describe_dump(snapshot),
                    .executable = snapshot.process.executable,
                    .arguments = snapshot.process.arguments};
  if (snapshot.fault) show.fault = describe_fault(snapshot);
  show.system = {.version = snapshot.system.os_version,
                 .detail = snapshot.system.os_detail,
                 .cpu = snapshot.system.cpu,
                 .cpu_count = snapshot.system.cpu_count};
  for (const auto& module : snapshot.modules) show.modules.push_back(describe_module(module));
  for (const auto& module : snapshot.unloaded) {
    show.unloaded.push_back({.path = module.path,
                             .base = module.range.begin,
                             .size = module.range.size(),
                             .timestamp = module.timestamp,
                             .checksum = module.checksum});
  }
  for (const auto& thread : snapshot.threads) {
    show.threads.push_back(describe_thread(snapshot, thread));
  }
  for (const auto& piece : snapshot.memory.pieces()) {
    show.memory.push_back({.begin = piece.begin, .size = piece.bytes.size()});
  }
  show.regions = describe_regions(snapshot);
  for (const auto& handle : snapshot.handles) {
    show.handles.push_back({.value = handle.value,
                            .type = handle.type,
                            .name = handle.name,
                            .granted_access = handle.granted_access});
  }
  show.annotations = snapshot.annotations;
  show.warnings = snapshot.warnings;
  return show;
}

}  // namespace inquest::cause
