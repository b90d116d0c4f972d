/// answer::Objects -> text, JSON (schema/objects.schema.json), CSV.
#pragma once

#include <string>

#include "answer/objects.h"
#include "report/report.h"

namespace inquest::report {

std::string objects_text(const answer::Objects& objects, const TextStyle& style);
std::string objects_json(const answer::Objects& objects);
/// The instances where a type was asked for, else the census.
std::string objects_csv(const answer::Objects& objects);

}  // namespace inquest::report
