// x86-64 and i386: their calls, stubs and frames differ in little but width.
#include "unwind/arch/arch.h"

namespace inquest::unwind {
namespace {

namespace x64 = snapshot::x64;
using snapshot::Register;

uint8_t at(Bytes code, size_t i) { return static_cast<uint8_t>(code[i]); }

bool has_prefix(Bytes code, std::initializer_list<uint8_t> wanted) {
  if (code.size() < wanted.size()) return false;
  size_t i = 0;
  for (uint8_t byte : wanted) {
    if (at(code, i++) != byte) return false;
  }
  return true;
}
bool has_suffix(Bytes code, std::initializer_list<uint8_t> wanted) {
  return code.size() >= wanted.size() && has_prefix(code.last(wanted.size()), wanted);
}

uint64_t displacement(Bytes code, size_t i) {
  le32 raw;
  std::memcpy(&raw, code.data() + i, 4);
  return static_cast<uint64_t>(int64_t{static_cast<int32_t>(static_cast<uint32_t>(raw))});
}

/// `ff /2`: the length that its ModRM and SIB bytes give it, when it is one.
size_t indirect_length(Bytes code, size_t start) {
  if (at(code, start) != 0xff) return 0;
  uint8_t modrm = at(code, start + 1);
  unsigned mod = modrm >> 6, reg = modrm >> 3 & 7, rm = modrm & 7;
  if (reg != 2) return 0;
  if (mod == 3) return 2;
  size_t length = 2;
  if (rm == 4) {
    if (start + 2 >= code.size()) return 0;
    if (mod == 0 && (at(code, start + 2) & 7) == 5) length += 4;
    ++length;
  } else if (mod == 0 && rm == 5) {
    length += 4;
  }
  if (mod == 1) length += 1;
  if (mod == 2) length += 4;
  return length;
}

template <bool Is64>
std::optional<Call> call_before(uint64_t return_address, Bytes code) {
  size_t n = code.size();
  auto wrap = [](uint64_t v) { return Is64 ? v : static_cast<uint32_t>(v); };
  std::optional<Call> found;
  for (size_t length : {2, 3, 4, 6, 7}) {
    if (length > n || indirect_length(code, n - length) != length) continue;
    found = Call{};
    uint8_t modrm = at(code, n - length + 1);
    if (length == 2 && modrm >> 6 == 3) {
      bool high = Is64 && n > 2 && (at(code, n - 3) & 0xf1) == 0x41;  // REX.B
      // The encoding's order of registers, as DWARF numbers.
      constexpr Register kOrder64[] = {x64::rax, x64::rcx, x64::rdx, x64::rbx,
                                       x64::rsp, x64::rbp, x64::rsi, x64::rdi};
      unsigned rm = modrm & 7;
      found->reg = static_cast<Register>(high ? 8 + rm : Is64 ? kOrder64[rm] : rm);
    } else if (length == 6 && modrm == 0x15) {
      found->kind = Call::Kind::slot;
      found->target = wrap((Is64 ? return_address : 0) + displacement(code, n - 4));
    }
    break;
  }
  // A direct call is the likelier reading where the bytes allow both.
  if (n >= 5 && at(code, n - 5) == 0xe8) {
    found = Call{.kind = Call::Kind::direct,
                 .target = wrap(return_address + displacement(code, n - 4))};
  }
  return found;
}

template <bool Is64>
Standing standing(Bytes before, Bytes after) {
  using Place = Standing::Place;
  bool at_start = Is64 ? has_prefix(after, {0xf3, 0x0f, 0x1e, 0xfa})   // endbr64
                       : has_prefix(after, {0xf3, 0x0f, 0x1e, 0xfb});  // endbr32
  // mov rbp, rsp, as gcc and clang encode it, and as MSVC does.
  bool move_follows =
      Is64 ? has_prefix(after, {0x48, 0x89, 0xe5}) || has_prefix(after, {0x48, 0x8b, 0xec})
           : has_prefix(after, {0x89, 0xe5}) || has_prefix(after, {0x8b, 0xec});
  if (has_prefix(after, {0xc3}) || has_prefix(after, {0xf3, 0xc3}) ||
      (!Is64 && has_prefix(after, {0xc2}))) {
    return {Place::at_return_address};
  }
  // mov edi, edi; push ebp: the room for a patch that MSVC puts before functions' beginnings.
  if (!Is64 && has_prefix(after, {0x8b, 0xff, 0x55, 0x8b, 0xec})) return {Place::at_return_address};
  if (at_start) return {Place::at_return_address};
  if (move_follows && has_suffix(before, {0x55})) return {Place::after_push};
  // push rbp; mov rbp, rsp: the pair is a function's beginning, one of them alone need not be.
  if (Is64 ? has_prefix(after, {0x55, 0x48, 0x89, 0xe5}) ||
                 has_prefix(after, {0x55, 0x48, 0x8b, 0xec})
           : has_prefix(after, {0x55, 0x89, 0xe5}) || has_prefix(after, {0x55, 0x8b, 0xec})) {
    return {Place::at_return_address};
  }
  if (has_prefix(after, {0x5d, 0xc3})) return {Place::after_push};  // pop rbp; ret
  if (!Is64 && has_prefix(after, {0x5d, 0xc2})) return {Place::after_push};
  return {};
}

std::optional<uint64_t> stub_slot_64(uint64_t address, Bytes code) {
  size_t skip = has_prefix(code, {0xf3, 0x0f, 0x1e, 0xfa}) ? 4 : 0;
  if (code.size() > skip && at(code, skip) == 0xf2) ++skip;  // bnd
  if (code.size() < skip + 6 || at(code, skip) != 0xff || at(code, skip + 1) != 0x25) return {};
  return address + skip + 6 + displacement(code, skip + 2);
}
std::optional<uint64_t> stub_slot_32(uint64_t, Bytes code) {
  size_t skip = has_prefix(code, {0xf3, 0x0f, 0x1e, 0xfb}) ? 4 : 0;
  // jmp *disp32; the form relative to ebx needs a register that we do not have.
  if (code.size() < skip + 6 || at(code, skip) != 0xff || at(code, skip + 1) != 0x25) return {};
  return static_cast<uint32_t>(displacement(code, skip + 2));
}

// struct sigcontext of x86-64, behind uc_flags, uc_link and uc_stack of the ucontext at sp.
constexpr SignalLayout::Saved kSaved64[] = {
    {x64::r8, 0},    {x64::r9, 8},   {x64::r10, 16}, {x64::r11, 24},  {x64::r12, 32},
    {x64::r13, 40},  {x64::r14, 48}, {x64::r15, 56}, {x64::rdi, 64},  {x64::rsi, 72},
    {x64::rbp, 80},  {x64::rbx, 88}, {x64::rdx, 96}, {x64::rax, 104}, {x64::rcx, 112},
    {x64::rsp, 120}, {x64::rip, 128}};
constexpr SignalLayout kLayout64{.saved = kSaved64, .base = 40};

// struct sigcontext of i386; four segment registers come first.
constexpr SignalLayout::Saved kSaved32[] = {{7, 16}, {6, 20}, {5, 24}, {4, 28}, {3, 32},
                                            {2, 36}, {1, 40}, {0, 44}, {8, 56}};
constexpr SignalLayout kLayout32{.saved = kSaved32, .base = 4};  // behind the signal number
// rt: sp -> number, siginfo*, ucontext*; the sigcontext is 20 bytes into the ucontext.
constexpr SignalLayout kLayout32Rt{
    .saved = kSaved32, .base = 8, .base_is_pointer = true, .behind_pointer = 20};

const SignalLayout* trampoline_64(Bytes code) {
  // mov $15, %rax (or %eax); syscall
  if (has_prefix(code, {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05}) ||
      has_prefix(code, {0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05})) {
    return &kLayout64;
  }
  return nullptr;
}
const SignalLayout* trampoline_32(Bytes code) {
  if (has_prefix(code, {0x58, 0xb8, 0x77, 0, 0, 0, 0xcd, 0x80})) return &kLayout32;
  if (has_prefix(code, {0xb8, 0xad, 0, 0, 0, 0xcd, 0x80})) return &kLayout32Rt;
  return nullptr;
}

constexpr Register kLost64[] = {x64::rax, x64::rdx, x64::rcx, x64::rsi, x64::rdi,
                                x64::r8,  x64::r9,  x64::r10, x64::r11};
constexpr Register kLost32[] = {0, 1, 2};

}  // namespace

constinit const ArchFacts kX64Facts{.lost_in_call = kLost64,
                                    .longest_call = 8,
                                    .alignment = 1,
                                    .call_before = call_before<true>,
                                    .trampoline = trampoline_64,
                                    .standing = standing<true>,
                                    .stub_slot = stub_slot_64};
constinit const ArchFacts kX86Facts{.lost_in_call = kLost32,
                                    .longest_call = 8,
                                    .alignment = 1,
                                    .call_before = call_before<false>,
                                    .trampoline = trampoline_32,
                                    .standing = standing<false>,
                                    .stub_slot = stub_slot_32};

}  // namespace inquest::unwind
