/// What the page of `why` says of the heap.
#pragma once

#include <optional>
#include <string>

#include "answer/leaks.h"
#include "answer/objects.h"

namespace inquest::report {

struct WhyHeap {
  answer::Leaks leaks;
  std::optional<answer::Objects> objects = {};  ///< absent: the types were not looked for
};

/// A section of a page; every string of the dead process is escaped.
std::string why_heap_section(const WhyHeap& heap);

/// report::why_html with that section.
std::string why_html(const answer::Answer& answer, const WhyHeap& heap);

}  // namespace inquest::report
