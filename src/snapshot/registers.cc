#include "snapshot/registers.h"

#include <span>

namespace inquest::snapshot {
namespace {

constexpr std::string_view kX64[] = {"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8",
                                     "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rip"};
constexpr std::string_view kX86[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip"};
constexpr std::string_view kArm64[] = {
    "x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",  "x10",
    "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",
    "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp",  "pc"};
constexpr std::string_view kArm[] = {"r0", "r1", "r2",  "r3",  "r4",  "r5", "r6", "r7",
                                     "r8", "r9", "r10", "r11", "r12", "sp", "lr", "pc"};

std::span<const std::string_view> names(Arch arch) {
  switch (arch) {
    case Arch::x86_64:
      return kX64;
    case Arch::aarch64:
      return kArm64;
    case Arch::x86:
      return kX86;
    case Arch::arm:
      return kArm;
  }
  return {};
}

}  // namespace

std::string_view name(Arch arch) {
  switch (arch) {
    case Arch::x86_64:
      return "x86_64";
    case Arch::aarch64:
      return "aarch64";
    case Arch::x86:
      return "x86";
    case Arch::arm:
      return "arm";
  }
  return {};
}

unsigned pointer_size(Arch arch) { return is_64_bit(arch) ? 8 : 4; }

const RegisterRoles& roles(Arch arch) {
  static constexpr RegisterRoles x86_64{.pc = 16, .sp = 7, .fp = 6, .link = {}, .count = 17};
  static constexpr RegisterRoles aarch64{.pc = 32, .sp = 31, .fp = 29, .link = 30, .count = 33};
  static constexpr RegisterRoles x86{.pc = 8, .sp = 4, .fp = 5, .link = {}, .count = 9};
  static constexpr RegisterRoles arm{.pc = 15, .sp = 13, .fp = 11, .link = 14, .count = 16};
  switch (arch) {
    case Arch::x86_64:
      return x86_64;
    case Arch::aarch64:
      return aarch64;
    case Arch::x86:
      return x86;
    case Arch::arm:
      return arm;
  }
  return x86_64;
}

std::string_view register_name(Arch arch, Register number) {
  auto all = names(arch);
  return number < all.size() ? all[number] : std::string_view{};
}

std::optional<Register> register_by_name(Arch arch, std::string_view wanted) {
  auto all = names(arch);
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i] == wanted) return static_cast<Register>(i);
  }
  return {};
}

}  // namespace inquest::snapshot
