/// Sums up a dump for GrowthSeries. Pure.
#pragma once

#include "cause/growth/growth.h"

namespace inquest::cause {

/// Finds owners and dominators. Linear in blocks and references.
Profile profile_of(const Process& process, const heap::Heaps& heaps,
                   const objects::References& references, const BlockTypes& types);

}  // namespace inquest::cause
