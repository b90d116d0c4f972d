/// answer::Refs -> text, JSON (schema/refs.schema.json), CSV.
#pragma once

#include <string>

#include "answer/refs.h"
#include "report/report.h"

namespace inquest::report {

std::string refs_text(const answer::Refs& refs, const TextStyle& style);
std::string refs_json(const answer::Refs& refs);
/// A line for every word: address, level, kind, holder, offset, value.
std::string refs_csv(const answer::Refs& refs);

}  // namespace inquest::report
