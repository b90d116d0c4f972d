#include "cut/context.h"

#include "cut/byte_writer.h"

namespace inquest::cut {
namespace {

using snapshot::Arch;
using snapshot::Registers;

constexpr uint32_t kControl = 1, kInteger = 2;
constexpr size_t kFxsave = 512;

/// Registers by DWARF number at consecutive words.
void put_words(ByteWriter& out, size_t at, size_t word, const Registers& registers,
               std::span<const uint8_t> numbers) {
  for (uint8_t n : numbers) {
    uint64_t value = registers.get(n).value_or(0);
    word == 8 ? out.put_u64(at, value) : out.put_u32(at, value);
    at += word;
  }
}

bool has_any(const Registers& registers, std::span<const uint8_t> numbers) {
  for (uint8_t n : numbers) {
    if (registers.has(n)) return true;
  }
  return false;
}

Bytes vectors(const snapshot::Thread& thread, size_t size) {
  Bytes raw = thread.vector_state;
  return raw.size() < size ? Bytes{} : raw.first(size);
}

void put_x64(ByteWriter& out, const snapshot::Thread& thread) {
  constexpr size_t kSize = 1232, kFlags = 0x30, kMxcsr = 0x34, kRax = 0x78, kFloats = 0x100;
  constexpr uint8_t kOrder[] = {0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  constexpr uint8_t kControls[] = {7, 16}, kIntegers[] = {0, 1, 2, 3, 4, 5, 6, 8};
  out.zeros(kSize);
  uint32_t flags = 0x100000;
  if (has_any(thread.registers, kControls)) flags |= kControl;
  if (has_any(thread.registers, kIntegers)) flags |= kInteger;
  put_words(out, kRax, 8, thread.registers, kOrder);
  if (Bytes raw = vectors(thread, kFxsave); !raw.empty()) {
    constexpr size_t kMxcsrInFxsave = 24;
    flags |= 8;
    out.put_bytes(kFloats, raw);
    out.put_bytes(kMxcsr, raw.subspan(kMxcsrInFxsave, 4));
  }
  out.put_u32(kFlags, flags);
}

void put_x86(ByteWriter& out, const snapshot::Thread& thread) {
  constexpr size_t kSize = 716, kEdi = 156, kEsp = 196, kExtended = 204;
  constexpr uint8_t kOrder[] = {7, 6, 3, 2, 1, 0, 5, 8}, kEspOnly[] = {4};
  constexpr uint8_t kControls[] = {4, 5, 8}, kIntegers[] = {0, 1, 2, 3, 6, 7};
  out.zeros(kSize);
  uint32_t flags = 0x10000;
  if (has_any(thread.registers, kControls)) flags |= kControl;
  if (has_any(thread.registers, kIntegers)) flags |= kInteger;
  put_words(out, kEdi, 4, thread.registers, kOrder);
  put_words(out, kEsp, 4, thread.registers, kEspOnly);
  if (Bytes raw = vectors(thread, kFxsave); !raw.empty()) {
    flags |= 0x20;
    out.put_bytes(kExtended, raw);
  }
  out.put_u32(0, flags);
}

void put_arm64(ByteWriter& out, const snapshot::Thread& thread) {
  constexpr size_t kSize = 912, kX0 = 8, kVectors = 0x110, kVectorBytes = 32 * 16;
  out.zeros(kSize);
  uint8_t order[33];
  for (uint8_t n = 0; n < 33; ++n) order[n] = n;
  put_words(out, kX0, 8, thread.registers, order);
  uint32_t flags = 0x400000;
  if (has_any(thread.registers, order)) flags |= kControl | kInteger;
  if (Bytes raw = vectors(thread, kVectorBytes); !raw.empty()) {
    flags |= 4;
    out.put_bytes(kVectors, raw);
  }
  out.put_u32(0, flags);
}

/// Breakpad's for Linux has its own mark and length; r0 to pc lie alike.
void put_arm(ByteWriter& out, const snapshot::Thread& thread, snapshot::Os os) {
  const bool is_windows = os == snapshot::Os::windows;
  constexpr size_t kWindowsSize = 416, kBreakpadSize = 368, kR0 = 4;
  out.zeros(is_windows ? kWindowsSize : kBreakpadSize);
  uint8_t order[16];
  for (uint8_t n = 0; n < 16; ++n) order[n] = n;
  put_words(out, kR0, 4, thread.registers, order);
  uint32_t parts = has_any(thread.registers, order) ? kControl | kInteger : 0;
  out.put_u32(0, (is_windows ? 0x200000 : 0x40000000) | parts);
}

}  // namespace

std::vector<std::byte> context_of(const snapshot::Thread& thread, snapshot::Os os) {
  ByteWriter out;
  switch (thread.registers.arch()) {
    case Arch::x86_64:
      put_x64(out, thread);
      break;
    case Arch::x86:
      put_x86(out, thread);
      break;
    case Arch::aarch64:
      put_arm64(out, thread);
      break;
    case Arch::arm:
      put_arm(out, thread, os);
      break;
  }
  return out.take();
}

}  // namespace inquest::cut
