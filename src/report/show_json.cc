/// `show` as JSON: schema/show.schema.json.
#include "report/json.h"
#include "report/report.h"

namespace inquest::report {
namespace {

void put_address(Json& json, const char* key, const std::optional<Address>& address) {
  if (address) json[key] = hex(address->value);
}
/// Time stamps and checksums are read in hex everywhere.
void put_hex(Json& json, const char* key, const std::optional<uint32_t>& value) {
  if (value) json[key] = hex(*value);
}

Json json_of(const answer::ShownFault& fault) {
  Json json{{"thread", fault.thread}, {"words", fault.words}};
  if (fault.signal) json["signal"] = *fault.signal;
  if (fault.signal_code) json["signal_code"] = *fault.signal_code;
  put_hex(json, "exception", fault.exception);
  if (!fault.parameters.empty()) {
    json["parameters"] = Json::array();
    for (uint64_t value : fault.parameters) json["parameters"].push_back(hex(value));
  }
  put_address(json, "address", fault.address);
  put(json, "place", fault.place);
  return json;
}

Json json_of(const answer::ShownSystem& system) {
  Json json = Json::object();
  put(json, "version", system.version);
  put(json, "detail", system.detail);
  put(json, "cpu", system.cpu);
  if (system.cpu_count) json["cpu_count"] = *system.cpu_count;
  return json;
}

Json json_of(const answer::ShownModule& module) {
  Json json{{"path", module.path}, {"base", hex(module.base.value)}, {"size", module.size}};
  put(json, "build_id", module.build_id);
  put(json, "debug_id", module.debug_id);
  put(json, "debug_file", module.debug_file);
  if (module.age) json["age"] = *module.age;
  put_hex(json, "timestamp", module.timestamp);
  put_hex(json, "checksum", module.checksum);
  put(json, "version", module.version);
  if (module.is_main) json["main"] = true;
  return json;
}

Json json_of(const answer::ShownUnloaded& module) {
  Json json{{"path", module.path}, {"base", hex(module.base.value)}, {"size", module.size}};
  put_hex(json, "timestamp", module.timestamp);
  put_hex(json, "checksum", module.checksum);
  return json;
}

Json json_of(const answer::ShownThread& thread) {
  Json json{{"id", thread.id}};
  put(json, "name", thread.name);
  json["crashed"] = thread.crashed;
  put_address(json, "pc", thread.pc);
  put_address(json, "sp", thread.sp);
  put_address(json, "tls", thread.tls);
  put(json, "place", thread.place);
  return json;
}

Json json_of(const answer::ShownRange& range) {
  return {{"base", hex(range.begin.value)}, {"size", range.size}};
}

Json json_of(const answer::ShownRegions& regions) {
  Json json{{"kind", regions.kind}};
  put(json, "access", regions.access);
  json["count"] = regions.count;
  json["bytes"] = regions.bytes;
  json["recorded"] = regions.recorded;
  return json;
}

Json json_of(const answer::ShownHandle& handle) {
  Json json{{"value", hex(handle.value)}};
  put(json, "type", handle.type);
  put(json, "name", handle.name);
  json["access"] = hex(handle.granted_access);
  return json;
}

template <class T>
void list(Document& document, std::string_view key, const std::vector<T>& values) {
  document.list(key, values, [](const T& value) { return json_of(value); });
}

}  // namespace

std::string show_json(const answer::Show& show) {
  Document document("inquest.show/1");
  Json dump = json_of(show.dump);
  put(dump, "executable", show.executable);
  put(dump, "arguments", show.arguments);
  document.member("dump", dump);
  if (show.fault) document.member("fault", json_of(*show.fault));
  document.member("system", json_of(show.system));
  list(document, "threads", show.threads);
  list(document, "modules", show.modules);
  list(document, "unloaded", show.unloaded);
  list(document, "memory", show.memory);
  list(document, "regions", show.regions);
  list(document, "handles", show.handles);
  Json annotations = Json::object();
  for (const auto& [key, value] : show.annotations) annotations[key] = value;
  document.member("annotations", annotations);
  document.list("warnings", show.warnings);
  return std::move(document).finish();
}

}  // namespace inquest::report
