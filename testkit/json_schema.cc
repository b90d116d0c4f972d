#include "testkit/json_schema.h"

#include <fmt/core.h>
#include <regex>

namespace inquest::testkit {
namespace {

using Json = nlohmann::json;

class Checker {
 public:
  explicit Checker(const Json& root) : root_(root) {}

  void check(const Json& schema, const Json& value, const std::string& path) {
    for (const auto& [keyword, rule] : schema.items()) apply(schema, keyword, rule, value, path);
  }
  std::vector<std::string> faults;

 private:
  void require(bool holds, const std::string& path, const std::string& what) {
    if (!holds) faults.push_back(path + ": " + what);
  }

  void apply(const Json& schema, const std::string& keyword, const Json& rule, const Json& value,
             const std::string& path) {
    if (keyword == "$schema" || keyword == "$id" || keyword == "$defs" || keyword == "title" ||
        keyword == "description") {
      return;
    }
    if (keyword == "$ref") {
      const std::string& target = rule.get_ref<const std::string&>();
      check(root_.at(Json::json_pointer(target.substr(1))), value, path);
    } else if (keyword == "type") {
      require(has_type(value, rule.get<std::string>()), path, "is no " + rule.dump());
    } else if (keyword == "const") {
      require(value == rule, path, "is not " + rule.dump());
    } else if (keyword == "enum") {
      require(std::find(rule.begin(), rule.end(), value) != rule.end(), path,
              value.dump() + " is none of " + rule.dump());
    } else if (keyword == "required") {
      for (const Json& name : rule) {
        require(value.is_object() && value.contains(name.get<std::string>()), path,
                "lacks " + name.dump());
      }
    } else if (keyword == "additionalProperties") {
      check_unnamed(schema, rule, value, path);
    } else if (keyword == "properties") {
      if (!value.is_object()) return;
      for (const auto& [name, inner] : rule.items()) {
        if (value.contains(name)) check(inner, value.at(name), path + "/" + name);
      }
    } else if (keyword == "items") {
      if (!value.is_array()) return;
      for (size_t i = 0; i < value.size(); ++i) {
        check(rule, value[i], fmt::format("{}/{}", path, i));
      }
    } else if (keyword == "minimum") {
      require(!value.is_number() || value >= rule, path, "is under " + rule.dump());
    } else if (keyword == "maximum") {
      require(!value.is_number() || value <= rule, path, "is over " + rule.dump());
    } else if (keyword == "pattern") {
      require(!value.is_string() ||
                  std::regex_search(value.get<std::string>(), std::regex(rule.get<std::string>())),
              path, value.dump() + " does not match " + rule.dump());
    } else {
      faults.push_back("schema: unknown keyword " + keyword);
    }
  }

  /// Members that "properties" does not name: none, or those that follow a schema of their own.
  void check_unnamed(const Json& schema, const Json& rule, const Json& value,
                     const std::string& path) {
    if (rule != false && !rule.is_object()) {
      faults.push_back("schema: additionalProperties must be false or a schema");
      return;
    }
    if (!value.is_object()) return;
    for (const auto& [name, inner] : value.items()) {
      if (schema.contains("properties") && schema.at("properties").contains(name)) continue;
      require(rule.is_object(), path, "has the unknown member " + name);
      if (rule.is_object()) check(rule, inner, path + "/" + name);
    }
  }

  static bool has_type(const Json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    return false;
  }

  const Json& root_;
};

}  // namespace

std::vector<std::string> schema_faults(const Json& schema, const Json& value) {
  Checker checker(schema);
  checker.check(schema, value, "");
  return std::move(checker.faults);
}

}  // namespace inquest::testkit
