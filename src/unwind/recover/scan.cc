#include <algorithm>

#include "unwind/recover/recover.h"

namespace inquest::unwind {
namespace {

using snapshot::Registers;

/// Functions longer than this exist, but a call to a place further below pc is likelier another's.
constexpr uint64_t kLongFunction = 1 << 14;

class Scan {
 public:
  Scan(const Space& space, Words& words, const ScanRequest& request)
      : space_(space),
        words_(words),
        request_(request),
        size_(space.pointer_size()),
        stack_(space.mapping(request.from)) {}

  /// How sure the word in `slot` makes us that it is the callee's return address; 0: it is not.
  float weigh_call(uint64_t value) const {
    CallSite site = space_.call_site(Address{value});
    if (site.kind == CallSite::Kind::none) return 0;
    if (site.kind == CallSite::Kind::unreadable) return 0.2f;
    auto target = space_.target(site.call);
    if (!target) return 0.4f;
    auto pc = request_.callee.pc();
    if (request_.function) return *target == *request_.function ? 0.9f : 0.25f;
    bool may_be_ours = pc && *target <= *pc && *pc - *target < kLongFunction &&
                       space_.executable(*pc) &&
                       space_.snapshot().module_at(*target) == space_.snapshot().module_at(*pc);
    if (may_be_ours) return 0.7f;
    // A call into a module of whose functions nothing is known, from outside: its way in.
    const snapshot::Module* callee = pc ? space_.snapshot().module_at(*pc) : nullptr;
    bool enters = callee && space_.snapshot().module_at(*target) == callee &&
                  space_.snapshot().module_at(Address{value}) != callee;
    return enters ? 0.5f : 0.25f;
  }

  std::optional<Recovered> weigh(Address slot, uint64_t value) {
    float confidence = weigh_call(value);
    if (confidence == 0) return {};
    Recovered found{.caller = Registers(space_.arch()),
                    .cfa = slot + size_,
                    .trust = Trust::scan,
                    .confidence = confidence};
    found.caller.set_pc(Address{value});
    found.caller.set_sp(found.cfa);
    switch (settle_frame_pointer(found, slot)) {
      case Consequence::confirmed:
        found.confidence += (1 - confidence) * 0.5f;
        break;
      case Consequence::plausible:
        found.confidence += (1 - confidence) * 0.2f;
        break;
      case Consequence::unknown:
        break;
      case Consequence::refuted:
        found.confidence *= 0.3f;
        break;
    }
    return found;
  }

 private:
  /// The caller's frame pointer is what the callee pushed below the return address, or what the
  /// callee has left alone: the one that the rules confirm, else the one that can be one.
  Consequence settle_frame_pointer(Recovered& found, Address slot) {
    snapshot::Register fp = snapshot::roles(space_.arch()).fp;
    auto pushed = slot.value >= size_ ? words_.pointer(slot - size_) : std::nullopt;
    auto kept = request_.callee.get(fp);
    Consequence best = Consequence::refuted;
    std::optional<uint64_t> chosen;
    for (auto option : {pushed, kept}) {
      if (!option) continue;
      bool plausible = Address{*option} > slot && stack_.contains(Address{*option});
      if (!plausible && option == pushed) continue;
      found.caller.set(fp, *option);
      Consequence result = consequence(space_, words_, found.caller, request_.parameters);
      if (result < best || !chosen) {
        best = result;
        chosen = option;
      }
      if (best == Consequence::confirmed) break;
    }
    if (!chosen) return consequence(space_, words_, found.caller, request_.parameters);
    found.caller.set(fp, *chosen);
    return best;
  }

  const Space& space_;
  Words& words_;
  const ScanRequest& request_;
  unsigned size_;
  AddressRange stack_;
};

}  // namespace

std::optional<Recovered> by_scan(const Space& space, Words& words, const ScanRequest& request,
                                 Budget& budget) {
  Scan scan(space, words, request);
  unsigned size = space.pointer_size();
  Address slot{(request.from.value + size - 1) & ~uint64_t{size - 1}};
  std::optional<Recovered> best;
  std::optional<Address> own_pc = request.is_exact ? request.callee.pc() : std::nullopt;
  for (size_t i = 0; i < request.words && budget.words && budget.candidates;
       ++i, slot = slot + size) {
    --budget.words;
    auto value = words.pointer(slot);
    if (!value) break;
    if (!space.executable(Address{*value} - 1)) continue;
    // A copy of the pc itself: in the record of an exception that is being raised, not a call.
    if (own_pc && *value == own_pc->value) continue;
    --budget.candidates;
    auto found = scan.weigh(slot, *value);
    if (!found || found->confidence < request.least) continue;
    if (!best || found->confidence > best->confidence) best = found;
    if (best->confidence >= request.enough) break;
  }
  return best;
}

}  // namespace inquest::unwind
