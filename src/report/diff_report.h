/// answer::Diff -> text, JSON (schema/diff.schema.json), CSV.
#pragma once

#include <string>

#include "answer/diff.h"
#include "report/report.h"

namespace inquest::report {

std::string diff_text(const answer::Diff& diff, const TextStyle& style);
std::string diff_json(const answer::Diff& diff);
/// A line for every change: by ("owner", "type", "size", "arena", "survivors"), what, blocks and
/// bytes in the first dump and in the last, whether it grew in every step (of three dumps or more),
/// and the bytes in each dump, separated by spaces. Of survivors: those born between the first two
/// dumps, and those of them that are alive in the last.
std::string diff_csv(const answer::Diff& diff);

}  // namespace inquest::report
