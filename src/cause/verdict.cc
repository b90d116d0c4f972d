#include "cause/verdict.h"

#include <algorithm>

namespace inquest::cause {
namespace {

using answer::Finding;
using answer::Kind;

/// What a kind is about, from the outermost circumstance to the thing itself.
enum class Level : uint8_t {
  nothing,       ///< unknown
  circumstance,  ///< how the process ended: killed, aborted
  state,         ///< what it was in, whether or not that ended it: deadlock, leak
  fault,         ///< what the processor refused: a null pointer, a division
  reason,        ///< why the runtime gave up: exception, assertion, damaged heap
  history,       ///< what made a fault possible: freed memory, overrun stack
};

Level level(Kind kind) {
  switch (kind) {
    case Kind::unknown:
      return Level::nothing;
    case Kind::killed:
    case Kind::abort:
      return Level::circumstance;
    case Kind::memory_leak:
    case Kind::fragmentation:
    case Kind::deadlock:
    case Kind::lost_wakeup:
    case Kind::busy_loop:
    case Kind::foreign_module:
      return Level::state;
    case Kind::null_dereference:
    case Kind::divide_by_zero:
    case Kind::illegal_instruction:
    case Kind::misaligned_access:
    case Kind::wild_pointer:
    case Kind::non_canonical_address:
    case Kind::write_to_readonly:
    case Kind::execute_nonexecutable:
      return Level::fault;
    case Kind::uncaught_exception:
    case Kind::assertion:
    case Kind::pure_virtual_call:
    case Kind::double_free:
    case Kind::invalid_free:
    case Kind::heap_corruption:
    case Kind::stack_smash:
      return Level::reason;
    case Kind::use_after_free:
    case Kind::dangling_reference:
    case Kind::pointer_reused:
    case Kind::heap_overflow:
    case Kind::stack_overflow:
    case Kind::out_of_memory:
    case Kind::address_space_exhausted:
    case Kind::bit_flip:
      return Level::history;
  }
  return Level::nothing;
}

}  // namespace

bool refines(Kind special, Kind general) {
  Level s = level(special), g = level(general);
  switch (g) {
    case Level::nothing:
      return s != Level::nothing;
    // A hang explains why somebody killed it; a leak does not explain an abort.
    case Level::circumstance:
      if (special == Kind::killed) return false;
      if (special == Kind::memory_leak || special == Kind::fragmentation) return false;
      if (special == Kind::foreign_module) return false;
      return s > g;
    // A state that did not stop the process is no rival of what did.
    case Level::state:
      return s > g;
    case Level::fault:
      // Where the allocator itself fell, its books were damaged before.
      return s == Level::history || special == Kind::stack_smash ||
             special == Kind::heap_corruption || special == Kind::double_free ||
             special == Kind::invalid_free;
    case Level::reason:
      return s == Level::history;
    case Level::history:
      return false;
  }
  return false;
}

void weigh(std::vector<Finding>& findings) {
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    if (a.confidence != b.confidence) return a.confidence > b.confidence;
    return level(a.kind) > level(b.kind);
  });
  std::vector<Finding> kept;
  for (auto& finding : findings) {
    bool known = std::any_of(kept.begin(), kept.end(), [&](const Finding& k) {
      return k.kind == finding.kind && k.summary == finding.summary;
    });
    if (!known) kept.push_back(std::move(finding));
  }
  findings = std::move(kept);
  // The strongest leads, until a believable one says more than it does; that one leads then, and
  // so on. Each step goes to a strictly higher level, so this ends.
  for (size_t i = 1; i < findings.size();) {
    if (findings[i].confidence >= kBelievable && refines(findings[i].kind, findings[0].kind)) {
      std::rotate(findings.begin(), findings.begin() + static_cast<ptrdiff_t>(i),
                  findings.begin() + static_cast<ptrdiff_t>(i) + 1);
      i = 1;
    } else {
      ++i;
    }
  }
}

}  // namespace inquest::cause
