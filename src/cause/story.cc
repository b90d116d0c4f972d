#include "cause/story.h"

namespace inquest::cause {

std::optional<answer::Explanation> explanation_of(const Process&, const FaultSite& site) {
  if (!site.address) return {};
  answer::Explanation out;
  out.base = site.address->value < 0x10000 ? "null" : "wild";
  return out;
}

}  // namespace inquest::cause
