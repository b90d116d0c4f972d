#include "unwind/arch/arch.h"

namespace inquest::unwind {
namespace {

using snapshot::Register;

uint32_t word(Bytes code, size_t byte) {
  le32 raw;
  std::memcpy(&raw, code.data() + byte, 4);
  return raw;
}
uint16_t half(Bytes code, size_t byte) {
  le16 raw;
  std::memcpy(&raw, code.data() + byte, 2);
  return raw;
}

/// A return address with its lowest bit set is Thumb code.
std::optional<Call> call_before(uint64_t return_address, Bytes code) {
  if (return_address & 1) {
    // The caller hands over the bytes up to the address with its Thumb bit: the last is not code.
    if (code.empty()) return {};
    code = code.first(code.size() - 1);
    if (code.size() >= 2 && (half(code, code.size() - 2) & 0xff87) == 0x4780) {  // blx reg
      return Call{.reg = static_cast<Register>(half(code, code.size() - 2) >> 3 & 15)};
    }
    if (code.size() >= 4 && (half(code, code.size() - 4) & 0xf800) == 0xf000 &&
        (half(code, code.size() - 2) & 0xc000) == 0xc000) {  // bl, blx
      return Call{};  // the target is not worth its decoding: no unwind data to compare with
    }
    return {};
  }
  if (code.size() < 4 || return_address % 4) return {};
  uint32_t w = word(code, code.size() - 4);
  if ((w & 0x0f000000) == 0x0b000000 && w >> 28 != 15) {  // bl
    int32_t offset = static_cast<int32_t>(w << 8) >> 6;
    return Call{
        .kind = Call::Kind::direct,
        .target = static_cast<uint32_t>(return_address + 4 + static_cast<uint32_t>(offset))};
  }
  if ((w & 0xfe000000) == 0xfa000000) return Call{};  // blx label
  if ((w & 0x0ffffff0) == 0x012fff30) return Call{.reg = static_cast<Register>(w & 15)};
  return {};
}

Standing standing(Bytes, Bytes) { return {}; }

std::optional<uint64_t> stub_slot(uint64_t, Bytes) { return {}; }

// struct sigcontext: trap_no, error_code, oldmask, then r0..r10, fp, ip, sp, lr, pc.
constexpr auto kSaved = [] {
  std::array<SignalLayout::Saved, 16> saved{};
  for (unsigned n = 0; n < saved.size(); ++n) {
    saved[n] = {static_cast<Register>(n), static_cast<uint16_t>(12 + n * 4)};
  }
  return saved;
}();
constexpr SignalLayout kLayout{.saved = kSaved, .base = 20};          // uc_flags, uc_link, uc_stack
constexpr SignalLayout kLayoutRt{.saved = kSaved, .base = 128 + 20};  // behind the siginfo

const SignalLayout* trampoline(Bytes code) {
  if (code.size() >= 8 && word(code, 4) == 0xef000000) {  // svc 0
    if (word(code, 0) == 0xe3a07077) return &kLayout;     // mov r7, #119
    if (word(code, 0) == 0xe3a070ad) return &kLayoutRt;   // mov r7, #173
  }
  if (code.size() >= 4 && half(code, 2) == 0xdf00) {
    if (half(code, 0) == 0x2777) return &kLayout;
    if (half(code, 0) == 0x27ad) return &kLayoutRt;
  }
  return nullptr;
}

constexpr Register kLost[] = {0, 1, 2, 3, 12};

}  // namespace

constinit const ArchFacts kArmFacts{.lost_in_call = kLost,
                                    .longest_call = 5,
                                    .alignment = 2,
                                    .call_before = call_before,
                                    .trampoline = trampoline,
                                    .standing = standing,
                                    .stub_slot = stub_slot};

}  // namespace inquest::unwind
