/// The registers of a thread, or of a frame of it, by DWARF number.
///
/// DWARF numbering: x86-64 psABI figure 3.36 (0..15 general, 16 return address = pc);
/// i386 psABI (0..7 general in the order eax ecx edx ebx esp ebp esi edi, 8 = eip);
/// AArch64 DWARF (0..30 x, 31 sp; pc is kept at 32); ARM DWARF (0..15, pc = 15).
/// Values; safe from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/address.h"

namespace inquest::snapshot {

enum class Arch : uint8_t { x86_64, aarch64, x86, arm };

std::string_view name(Arch arch);  ///< "x86_64", "aarch64", "x86", "arm"
unsigned pointer_size(Arch arch);  ///< in bytes: 8 or 4
constexpr bool is_64_bit(Arch arch) { return arch == Arch::x86_64 || arch == Arch::aarch64; }

/// A DWARF register number.
using Register = uint8_t;

namespace x64 {
inline constexpr Register rax = 0, rdx = 1, rcx = 2, rbx = 3, rsi = 4, rdi = 5, rbp = 6, rsp = 7,
                          r8 = 8, r9 = 9, r10 = 10, r11 = 11, r12 = 12, r13 = 13, r14 = 14,
                          r15 = 15, rip = 16;
}
namespace arm64 {
inline constexpr Register x0 = 0, fp = 29, lr = 30, sp = 31, pc = 32;
}

/// Which numbers play which part on this architecture.
struct RegisterRoles {
  Register pc, sp, fp;
  std::optional<Register> link;  ///< where a call leaves the return address; absent on x86
  unsigned count;                ///< general registers and pc: valid numbers are [0, count)
};
const RegisterRoles& roles(Arch arch);

/// "rax", "x29", "sp"...; empty for a number that the architecture lacks.
std::string_view register_name(Arch arch, Register number);
/// The number for a lower-case name; absent when the architecture has none such.
std::optional<Register> register_by_name(Arch arch, std::string_view name);

class Registers {
 public:
  static constexpr size_t kCapacity = 33;

  Registers() = default;
  explicit Registers(Arch arch) : arch_(arch) {}

  Arch arch() const { return arch_; }
  bool has(Register n) const { return n < kCapacity && (known_ >> n & 1); }
  /// Absent when unknown: a frame's caller keeps only what the callee saved.
  std::optional<uint64_t> get(Register n) const {
    if (!has(n)) return {};
    return values_[n];
  }
  void set(Register n, uint64_t value) {
    if (n >= kCapacity) return;
    values_[n] = is_64_bit(arch_) ? value : static_cast<uint32_t>(value);
    known_ |= uint64_t{1} << n;
  }
  void forget(Register n) {
    if (n < kCapacity) known_ &= ~(uint64_t{1} << n);
  }

  std::optional<Address> pc() const { return address(roles(arch_).pc); }
  std::optional<Address> sp() const { return address(roles(arch_).sp); }
  std::optional<Address> fp() const { return address(roles(arch_).fp); }
  void set_pc(Address a) { set(roles(arch_).pc, a.value); }
  void set_sp(Address a) { set(roles(arch_).sp, a.value); }

  friend bool operator==(const Registers&, const Registers&) = default;

 private:
  std::optional<Address> address(Register n) const {
    if (!has(n)) return {};
    return Address{values_[n]};
  }

  Arch arch_ = Arch::x86_64;
  uint64_t known_ = 0;
  std::array<uint64_t, kCapacity> values_{};
};

}  // namespace inquest::snapshot
