/// What of a heap is accounted for, and by what: the lines and the JSON that `objects` has of it.
#pragma once

#include <string>

#include "answer/explained.h"
#include "report/json.h"
#include "report/report.h"

namespace inquest::report {

/// One sentence with the shares, then those who hold what no type is known of, most bytes first.
std::string explained_text(const answer::Explained& explained, const TextStyle& style);
Json explained_json(const answer::Explained& explained);

}  // namespace inquest::report
