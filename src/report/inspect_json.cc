/// `inspect` as JSON (schema/inspect.schema.json).
#include "report/fields.h"
#include "report/json.h"
#include "report/report.h"

namespace inquest::report {
namespace {

std::string address_text(Address at) { return fmt::format("{}", at); }

void set(Json& json, const char* key, const std::string& text) {
  if (!text.empty()) json[key] = text;
}

Json block_json(const answer::InspectBlock& block) {
  Json json{{"address", address_text(block.at)}, {"size", block.size}, {"state", block.state}};
  set(json, "allocator", block.allocator);
  set(json, "arena", block.arena);
  json["mapped"] = block.mapped;
  return json;
}

Json variable_json(const answer::InspectVariable& variable) {
  Json json{
      {"name", variable.name}, {"address", address_text(variable.at)}, {"offset", variable.offset}};
  set(json, "type", variable.type);
  return json;
}

Json type_json(const answer::InspectType& type) {
  Json json{{"name", type.name},
            {"how", type.how},
            {"address", address_text(type.at)},
            {"percent", type.percent}};
  set(json, "full", type.full);
  set(json, "member", type.member);
  return json;
}

Json row_json(const answer::HexRow& row) {
  std::string bytes;
  for (uint8_t byte : row.bytes) bytes += fmt::format("{:02x}", byte);
  Json json{{"address", address_text(row.at)}, {"bytes", bytes}};
  json["words"] = row.words;
  return json;
}

}  // namespace

std::string inspect_json(const answer::Inspect& inspect) {
  Document document("inquest.inspect/1");
  document.member("dump", json_of(inspect.dump));
  document.member("address", address_text(inspect.at));
  Json place{{"kind", inspect.place}};
  set(place, "region", inspect.region);
  set(place, "module", inspect.module);
  set(place, "code", inspect.code);
  if (inspect.thread != 0) place["thread"] = inspect.thread;
  set(place, "frame", inspect.frame);
  document.member("place", place);
  if (inspect.block) document.member("block", block_json(*inspect.block));
  if (inspect.variable) document.member("variable", variable_json(*inspect.variable));
  if (inspect.type) document.member("type", type_json(*inspect.type));
  if (inspect.object) document.member("object", field_json(*inspect.object));
  document.list("bytes", inspect.bytes, [](const auto& row) { return row_json(row); });
  document.list("warnings", inspect.warnings);
  return std::move(document).finish();
}

}  // namespace inquest::report
