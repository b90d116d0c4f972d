// What no stream of others can hold, so that our own reader gives the same Snapshot again.
#include <nlohmann/json.hpp>

#include "cut/streams.h"

namespace inquest::cut {
namespace {

using Json = nlohmann::json;
using snapshot::Snapshot;

constexpr uint32_t kInquestNote = 0x49510001;

Json fault_json(const snapshot::Fault& fault) {
  Json json{{"thread", fault.thread}};
  if (fault.signal) json["signal"] = *fault.signal;
  if (fault.signal_code) json["signal_code"] = *fault.signal_code;
  if (fault.address) json["address"] = fault.address->value;
  if (fault.sender_pid) json["sender_pid"] = *fault.sender_pid;
  if (fault.sender_uid) json["sender_uid"] = *fault.sender_uid;
  return json;
}

Json process_json(const snapshot::Process& process) {
  return {{"command", process.command},
          {"arguments", process.arguments},
          {"executable", process.executable}};
}

Json system_json(const snapshot::System& system) {
  Json json{
      {"os_version", system.os_version}, {"os_detail", system.os_detail}, {"cpu", system.cpu}};
  if (system.cpu_count) json["cpu_count"] = *system.cpu_count;
  return json;
}

}  // namespace

void put_note(DumpFile& file, const Snapshot& snapshot) {
  Json json{{"version", 1},
            {"complete", snapshot.complete},
            {"process", process_json(snapshot.process)},
            {"system", system_json(snapshot.system)},
            {"annotations", snapshot.annotations}};
  if (snapshot.fault) json["fault"] = fault_json(*snapshot.fault);
  Json& signals = json["signals"] = Json::array();
  for (const auto& thread : snapshot.threads) {
    if (thread.signal) signals.push_back({{"thread", thread.id}, {"signal", *thread.signal}});
  }
  Json& warnings = json["warnings"] = Json::array();
  for (const Warning& warning : snapshot.warnings) {
    warnings.push_back({{"what", warning.what}, {"advice", warning.advice}});
  }
  file.stream(kInquestNote, json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace inquest::cut
