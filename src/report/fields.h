/// The fields of an object, wherever a report tells them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "answer/inspect.h"
#include "report/json.h"

namespace inquest::report {

/// With all fields in it.
Json field_json(const answer::Field& field);

/// In one line: `id = 7, name = "Anna", guild = 0x55d4 (Guild)`; those of bases stand as its own.
/// What has neither a value nor fields is left out; so is, with a sign, what comes after `most`
/// bytes.
std::string fields_line(const std::vector<answer::Field>& fields, size_t most = SIZE_MAX);

}  // namespace inquest::report
