#include "report/fields.h"

#include <fmt/core.h>

namespace inquest::report {
namespace {

constexpr std::string_view kMore = ", …";

void add_line(const std::vector<answer::Field>& fields, size_t most, std::string& line) {
  for (const answer::Field& field : fields) {
    if (line.size() > most) {
      if (!line.ends_with(kMore)) line += kMore;
      return;
    }
    // Bases, and members without a name.
    if (field.is_base || field.name.empty()) {
      add_line(field.fields, most, line);
      continue;
    }
    std::string value = field.value;
    if (!field.fields.empty()) {
      std::string inner;
      add_line(field.fields, most, inner);
      value += (value.empty() ? "{" : " {") + inner + "}";
    }
    if (value.empty()) continue;
    line += (line.empty() ? "" : ", ") + field.name + " = " + value;
  }
}

}  // namespace

Json field_json(const answer::Field& field) {
  auto set = [](Json& json, const char* key, const std::string& text) {
    if (!text.empty()) json[key] = text;
  };
  Json json{{"name", field.name}, {"type", field.type}, {"address", fmt::format("{}", field.at)}};
  if (field.size != 0) json["size"] = field.size;
  set(json, "value", field.value);
  if (field.target) json["target"] = fmt::format("{}", *field.target);
  set(json, "note", field.note);
  if (field.is_base) json["base"] = true;
  if (!field.fields.empty()) {
    json["fields"] = Json::array();
    for (const answer::Field& inner : field.fields) json["fields"].push_back(field_json(inner));
  }
  return json;
}

std::string fields_line(const std::vector<answer::Field>& fields, size_t most) {
  std::string line;
  add_line(fields, most, line);
  return line;
}

}  // namespace inquest::report
