/// answer::Heap -> text, JSON (schema/heap.schema.json), CSV.
#pragma once

#include <cstdio>
#include <string>

#include "answer/heap.h"
#include "report/report.h"

namespace inquest::report {

/// The part that is wanted; `all` is a summary of everything but the blocks.
enum class HeapPart : uint8_t { all, sizes, arenas, check, list };

std::string heap_text(const answer::Heap& heap, HeapPart part, const TextStyle& style);
std::string heap_json(const answer::Heap& heap, HeapPart part);
/// A header line, then rows; addresses first, in hex. `all` is the list of blocks.
std::string heap_csv(const answer::Heap& heap, HeapPart part);

}  // namespace inquest::report
