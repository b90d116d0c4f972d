/// Parts of the text report of `objects` that tell of objects in no used block.
#pragma once

#include <string>

#include "answer/objects.h"
#include "report/prose.h"
#include "report/report.h"

namespace inquest::report {

/// The section with the sums.
std::string outside_text(const answer::Objects& objects, const TextStyle& style);
/// What follows the type of an instance: "  freed, still pointed to by ..."; empty of used ones.
std::string where_text(const answer::ObjectInstance& one, const Palette& paint);

}  // namespace inquest::report
