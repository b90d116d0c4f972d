/// Checks a JSON value against a JSON Schema (2020-12), the keywords that our schemas use.
///
/// A keyword that is not known fails the check, so that a schema cannot silently say nothing.
/// Reference: https://json-schema.org/draft/2020-12/json-schema-validation
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace inquest::testkit {

/// The faults, each "PATH: what"; empty when `value` obeys `schema`.
std::vector<std::string> schema_faults(const nlohmann::json& schema, const nlohmann::json& value);

}  // namespace inquest::testkit
