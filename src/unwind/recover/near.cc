// The return address where the calling convention leaves it: just called, just entered, or in a
// frame record.
#include "unwind/recover/recover.h"

namespace inquest::unwind {
namespace {

using snapshot::Registers;

/// How sure a return address makes us by its call alone; 0 refuses it.
float certainty(CallSite::Kind kind, float with_call, float unreadable) {
  switch (kind) {
    case CallSite::Kind::call:
      return with_call;
    case CallSite::Kind::unreadable:
      return unreadable;
    case CallSite::Kind::none:
      return 0;
  }
  return 0;
}

/// The caller of a function that has changed nothing yet.
Recovered unchanged(const Space& space, const Registers& callee, Address return_address, Address sp,
                    float confidence) {
  Recovered found{.caller = callee, .cfa = sp, .confidence = confidence};
  forget_lost_in_call(found.caller, space.is_windows());
  if (auto link = snapshot::roles(callee.arch()).link) found.caller.forget(*link);
  found.caller.set_pc(return_address);
  found.caller.set_sp(sp);
  return found;
}

std::optional<Address> return_address_in_link(const Space& space, const Registers& registers,
                                              CallSite& site) {
  auto link = snapshot::roles(registers.arch()).link;
  auto value = link ? registers.get(*link) : std::nullopt;
  if (!value) return {};
  Address at{*value};
  if (!space.executable(at - 1)) at = Address{strip_signature(registers.arch(), *value)};
  site = space.call_site(at);
  return at;
}

/// A leaf function without a frame: what is on top of the stack returns from a call of code that
/// begins just before pc.
std::optional<Recovered> frameless(const Space& space, Words& words, const Registers& registers) {
  constexpr uint64_t kShortFunction = 512;
  if (snapshot::roles(registers.arch()).link) return {};
  Address pc = *registers.pc(), sp = *registers.sp();
  auto top = words.pointer(sp);
  if (!top) return {};
  CallSite site = space.call_site(Address{*top});
  if (site.kind != CallSite::Kind::call) return {};
  auto target = space.target(site.call);
  if (!target || *target > pc || pc - *target >= kShortFunction) return {};
  return unchanged(space, registers, Address{*top}, sp + space.pointer_size(), 0.85f);
}

}  // namespace

std::optional<Recovered> after_bad_call(const Space& space, Words& words,
                                        const Registers& registers) {
  auto pc = registers.pc(), sp = registers.sp();
  if (!pc || !sp) return {};
  CallSite site;
  std::optional<Address> at;
  Address cfa = *sp;
  if (snapshot::roles(registers.arch()).link) {
    at = return_address_in_link(space, registers, site);
  } else if (auto top = words.pointer(*sp)) {
    at = Address{*top};
    site = space.call_site(*at);
    cfa = *sp + space.pointer_size();
  }
  if (!at) return {};
  float confidence = certainty(site.kind, 0.9f, 0.3f);
  if (confidence == 0) return {};
  if (site.kind == CallSite::Kind::call) {
    auto target = space.target(site.call);
    // The pointer that was called is still there, and holds this very pc.
    bool proven = (site.call.reg && registers.get(*site.call.reg) == pc->value) || target == pc;
    if (proven) confidence = 0.99f;
    // A direct call does not go astray by itself: a jump at its target must have.
    if (site.call.kind == Call::Kind::direct && !proven) confidence = 0.7f;
  }
  return unchanged(space, registers, *at, cfa, confidence);
}

std::optional<Recovered> by_standing(const Space& space, Words& words, const Registers& registers) {
  using Place = Standing::Place;
  auto pc = registers.pc(), sp = registers.sp();
  if (!pc || !sp) return {};
  std::array<std::byte, 64> before;
  std::array<std::byte, 16> after;
  size_t wanted = before.size();
  while (wanted && space.code(*pc - wanted, std::span(before).first(wanted)) != wanted) wanted /= 2;
  size_t behind = space.code(*pc, after);
  Place place = arch_facts(space.arch())
                    .standing(Bytes(before).first(wanted), Bytes(after).first(behind))
                    .place;
  unsigned size = space.pointer_size();
  CallSite site;
  switch (place) {
    case Place::unknown:
      return frameless(space, words, registers);
    case Place::in_link: {
      auto at = return_address_in_link(space, registers, site);
      float confidence = at ? certainty(site.kind, 0.8f, 0) : 0;
      if (confidence == 0) return {};
      return unchanged(space, registers, *at, *sp, confidence);
    }
    case Place::at_return_address:
    case Place::after_push: {
      Address slot = place == Place::after_push ? *sp + size : *sp;
      auto at = words.pointer(slot);
      if (!at) return {};
      float confidence = certainty(space.call_site(Address{*at}).kind, 0.9f, 0);
      if (confidence == 0) return {};
      Recovered found = unchanged(space, registers, Address{*at}, slot + size, confidence);
      if (place == Place::after_push) {
        auto fp = words.pointer(*sp);
        if (fp) found.caller.set(snapshot::roles(space.arch()).fp, *fp);
      }
      return found;
    }
  }
  return {};
}

std::optional<Recovered> by_frame_pointer(const Space& space, Words& words,
                                          const Registers& registers) {
  unsigned size = space.pointer_size();
  auto fp = registers.fp(), sp = registers.sp();
  if (!fp || fp->value == 0 || fp->value % size) return {};
  if (sp && (*fp < *sp || !space.mapping(*sp).contains(*fp, 2 * size))) return {};
  // The record is {caller's frame pointer, return address}. On 32-bit Arm gcc lets the frame
  // pointer point to its second half.
  unsigned backs = space.arch() == snapshot::Arch::arm ? 2 : 1;
  for (unsigned back = 0; back < backs; ++back) {
    Address record = *fp - back * size;
    auto saved = words.pointer(record), raw = words.pointer(record + size);
    if (!saved || !raw) continue;
    if (*raw == 0 && *saved == 0) {
      return Recovered{.cfa = record + 2 * size, .trust = Trust::fp, .outermost = true};
    }
    Address at{*raw};
    if (!space.executable(at - 1)) at = Address{strip_signature(space.arch(), *raw)};
    float confidence = certainty(space.call_site(at).kind, 0.8f, 0.4f);
    if (confidence == 0) continue;
    // Records ascend, unless the caller uses the register for something else.
    bool ascends =
        *saved == 0 || (Address{*saved} > *fp && space.mapping(*fp).contains(Address{*saved}));
    if (!ascends) confidence *= 0.75f;
    Recovered found{.caller = Registers(space.arch()),
                    .cfa = record + 2 * size,
                    .trust = Trust::fp,
                    .confidence = confidence};
    found.caller.set_pc(at);
    found.caller.set_sp(found.cfa);
    found.caller.set(snapshot::roles(space.arch()).fp, *saved);
    return found;
  }
  return {};
}

}  // namespace inquest::unwind
