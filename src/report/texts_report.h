/// answer::Texts -> text, JSON (schema/strings.schema.json), CSV.
#pragma once

#include <string>

#include "answer/texts.h"
#include "report/report.h"

namespace inquest::report {

std::string texts_text(const answer::Texts& texts, const TextStyle& style);
std::string texts_json(const answer::Texts& texts);
/// A line for every pattern, the rest last, without a pattern.
std::string texts_csv(const answer::Texts& texts);

}  // namespace inquest::report
