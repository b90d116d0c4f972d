#include "unwind/arch/arch.h"

namespace inquest::unwind {
namespace {

using snapshot::Register;

uint32_t word(Bytes code, size_t byte) {
  le32 raw;
  std::memcpy(&raw, code.data() + byte, 4);
  return raw;
}

std::optional<Call> call_before(uint64_t return_address, Bytes code) {
  if (code.size() < 4 || return_address % 4) return {};
  uint32_t w = word(code, code.size() - 4);
  if ((w & 0xfc000000) == 0x94000000) {  // bl
    int64_t offset = static_cast<int64_t>(static_cast<uint64_t>(w & 0x03ffffff) << 38) >> 36;
    return Call{.kind = Call::Kind::direct,
                .target = return_address - 4 + static_cast<uint64_t>(offset)};
  }
  // blr; blraa, blrab and their forms with a zero modifier
  if ((w & 0xfffffc1f) == 0xd63f0000 || (w & 0xfefff800) == 0xd63f0800) {
    return Call{.reg = static_cast<Register>(w >> 5 & 31)};
  }
  return {};
}

/// Looks back for this function's `stp x29, x30`; a `ret` before it belongs to the function above.
Standing standing(Bytes before, Bytes after) {
  using Place = Standing::Place;
  if (after.size() >= 4 && word(after, 0) == 0xd65f03c0) return {Place::in_link};  // ret
  for (size_t end = before.size(); end >= 4; end -= 4) {
    uint32_t w = word(before, end - 4);
    bool pair_pushed = (w & 0xffc07fff) == 0xa9807bfd;  // stp x29, x30, [sp, #n]!
    bool pair_stored = (w & 0xffc07fff) == 0xa9007bfd;  // stp x29, x30, [sp, #n]
    if (pair_pushed || pair_stored) return {};
    if (w == 0xd65f03c0) return {Place::in_link};
  }
  return {};
}

std::optional<uint64_t> stub_slot(uint64_t address, Bytes code) {
  // [bti c;] adrp x16, page; ldr x17, [x16, #n]
  size_t skip = code.size() >= 4 && word(code, 0) == 0xd503245f ? 4 : 0;
  if (code.size() < skip + 8) return {};
  uint32_t adrp = word(code, skip), ldr = word(code, skip + 4);
  if ((adrp & 0x9f00001f) != 0x90000010 || (ldr & 0xffc003ff) != 0xf9400211) return {};
  uint64_t pages = (adrp >> 5 & 0x7ffff) << 2 | (adrp >> 29 & 3);
  int64_t offset = static_cast<int64_t>(pages << 43) >> 31;
  return ((address + skip) & ~uint64_t{0xfff}) + static_cast<uint64_t>(offset) +
         uint64_t{ldr >> 10 & 0xfff} * 8;
}

// struct rt_sigframe: siginfo (128), ucontext up to its mcontext (176), fault_address (8).
constexpr unsigned kRegisters = 128 + 176 + 8;
constexpr auto kSaved = [] {
  std::array<SignalLayout::Saved, 33> saved{};
  for (unsigned n = 0; n < saved.size(); ++n) {
    saved[n] = {static_cast<Register>(n), static_cast<uint16_t>(n * 8)};
  }
  return saved;
}();
constexpr SignalLayout kLayout{.saved = kSaved, .base = kRegisters};

const SignalLayout* trampoline(Bytes code) {
  // mov x8, #139; svc #0
  if (code.size() >= 8 && word(code, 0) == 0xd2801168 && word(code, 4) == 0xd4000001) {
    return &kLayout;
  }
  return nullptr;
}

// x0..x18 and x30, which a call itself overwrites (the walker treats it apart).
constexpr Register kLost[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};

}  // namespace

constinit const ArchFacts kArm64Facts{.lost_in_call = kLost,
                                      .longest_call = 4,
                                      .alignment = 4,
                                      .call_before = call_before,
                                      .trampoline = trampoline,
                                      .standing = standing,
                                      .stub_slot = stub_slot};

}  // namespace inquest::unwind
