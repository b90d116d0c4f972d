/// answer::Objects -> text, JSON (schema/objects.schema.json), CSV; answer::HeapMap -> HTML.
#pragma once

#include <string>

#include "answer/heap_map.h"
#include "answer/objects.h"
#include "report/report.h"

namespace inquest::report {

/// Rows of a long list of instances in the text report.
inline constexpr size_t kInstancesShown = 40;

std::string objects_text(const answer::Objects& objects, const TextStyle& style);
std::string objects_json(const answer::Objects& objects);
/// The instances where a type was asked for, else the census.
std::string objects_csv(const answer::Objects& objects);
/// One page with all it needs: opens anywhere, asks no server.
std::string objects_html(const answer::HeapMap& map);

}  // namespace inquest::report
