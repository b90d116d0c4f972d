/// The registers of a thread, as Windows' CONTEXT and Breakpad's and Crashpad's likes of it.
///
/// Source: winnt.h (CONTEXT of x86, AMD64, ARM, ARM64); Breakpad minidump_cpu_x86.h, _amd64.h,
/// _arm.h, _arm64.h (the older ARM64 layout has 64-bit flags in front of the same registers). What
/// follows the fixed part (XSAVE areas with AVX, CET) is let be. Values; safe from any thread.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/integers.h"

namespace inquest::minidump {

enum class Cpu : uint8_t { x86, x64, arm, arm64 };
std::string_view name(Cpu cpu);  ///< "x86", "x86-64", "ARM", "ARM64"

/// Of SystemInfo::processor; absent for one whose registers are not read.
std::optional<Cpu> cpu_of(uint16_t processor);

struct Context {
  static constexpr size_t kCapacity = 33;
  Cpu cpu = Cpu::x64;
  uint32_t flags = 0;
  std::array<uint64_t, kCapacity> values = {};  ///< by DWARF register number; pc: 16, 8, 15, 32
  uint64_t known = 0;                           ///< bit n: values[n] was recorded
  /// FXSAVE image of x86 and x86-64, V registers of ARM64; empty where there are none. Borrowed.
  Bytes vectors = {};

  bool has(size_t n) const { return n < kCapacity && (known >> n & 1); }
  void set(size_t n, uint64_t value) {
    values[n] = value;
    known |= uint64_t{1} << n;
  }
};

/// Which processor's context this is, by its flags and size; absent when it is none of ours.
std::optional<Cpu> cpu_of_context(Bytes bytes);

/// Fails when the bytes are too few or of another processor.
Result<Context> read_context(Bytes bytes, Cpu cpu);

}  // namespace inquest::minidump
