/// answer::Diff -> text, JSON (schema/diff.schema.json), CSV.
#pragma once

#include <string>

#include "answer/diff.h"
#include "report/report.h"

namespace inquest::report {

std::string diff_text(const answer::Diff& diff, const TextStyle& style);
std::string diff_json(const answer::Diff& diff);
/// A line for every change: by ("owner", "size", "arena"), what, blocks and bytes before and after.
std::string diff_csv(const answer::Diff& diff);

}  // namespace inquest::report
