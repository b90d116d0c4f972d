#include "format/minidump/context.h"

#include <span>

#include "base/cursor.h"

namespace inquest::minidump {
namespace {

constexpr uint32_t kX86 = 0x10000, kX64 = 0x100000, kArm64 = 0x400000;
constexpr uint32_t kArmWindows = 0x200000, kArmBreakpad = 0x40000000, kArm64Breakpad = 0x80000000;
// Below: which parts are recorded. The highest five bits are also Windows' notes on how the thread
// came to its exception, so that Breakpad's count only where no Windows bit is set.
constexpr uint32_t kCpuBits = 0xffffff00, kWindowsBits = 0x00ffff00;
constexpr uint32_t kControl = 1, kInteger = 2;

constexpr uint8_t kNone = 0xff;  // a word that has no DWARF number

/// Where a processor's context keeps its registers, and which belong to the control part.
struct Layout {
  uint32_t cpu_bits;               ///< one of them is set in the flags
  uint16_t flags;                  ///< offset
  uint16_t registers;              ///< offset of the first word
  uint8_t word;                    ///< its size
  uint16_t least;                  ///< bytes that the registers need
  uint16_t vectors;                ///< offset
  uint16_t vectors_size;           ///< 0: none
  uint64_t control;                ///< DWARF numbers that go with the control part, as bits
  std::span<const uint8_t> order;  ///< DWARF number of each word
};

constexpr uint64_t bits(std::initializer_list<int> numbers) {
  uint64_t mask = 0;
  for (int n : numbers) mask |= uint64_t{1} << n;
  return mask;
}

// rax rcx rdx rbx rsp rbp rsi rdi r8..r15 rip
constexpr uint8_t kX64Order[] = {0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16};
// edi esi ebx edx ecx eax ebp eip cs eflags esp
constexpr uint8_t kX86Order[] = {7, 6, 3, 2, 1, 0, 5, 8, kNone, kNone, 4};
constexpr uint8_t kArmOrder[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
// x0..x28 fp lr sp pc
constexpr uint8_t kArm64Order[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                   11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                   22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32};

constexpr Layout kLayouts[] = {
    {kX86, 0, 156, 4, 204, 204, 512, bits({4, 5, 8}), kX86Order},
    {kX64, 0x30, 0x78, 8, 0x100, 0x100, 512, bits({7, 16}), kX64Order},
    {kArmWindows | kArmBreakpad, 0, 4, 4, 72, 0, 0, bits({13, 14, 15}), kArmOrder},
    {kArm64 | kArm64Breakpad, 0, 8, 8, 0x110, 0x110, 512, bits({29, 30, 31, 32}), kArm64Order},
};
const Layout& layout_of(Cpu cpu) { return kLayouts[static_cast<size_t>(cpu)]; }

uint32_t word_at(Bytes bytes, size_t offset) {
  Cursor cursor{bytes};
  cursor.seek(offset);
  return cursor.read<le32>();
}

}  // namespace

std::string_view name(Cpu cpu) {
  constexpr std::string_view names[] = {"x86", "x86-64", "ARM", "ARM64"};
  return names[static_cast<size_t>(cpu)];
}

std::optional<Cpu> cpu_of(uint16_t processor) {
  switch (processor) {
    case 0:   // PROCESSOR_ARCHITECTURE_INTEL
    case 10:  // PROCESSOR_ARCHITECTURE_IA32_ON_WIN64
      return Cpu::x86;
    case 5:   // PROCESSOR_ARCHITECTURE_ARM
    case 13:  // PROCESSOR_ARCHITECTURE_ARM32_ON_WIN64
      return Cpu::arm;
    case 9:  // PROCESSOR_ARCHITECTURE_AMD64
      return Cpu::x64;
    case 12:      // PROCESSOR_ARCHITECTURE_ARM64
    case 0x8003:  // Breakpad's, before there was Microsoft's
      return Cpu::arm64;
    default:
      return {};
  }
}

std::optional<Cpu> cpu_of_context(Bytes bytes) {
  // The flags of x86-64 lie behind six words that may hold anything, so that size goes first.
  constexpr size_t kX64Size = 1232;
  if (bytes.size() >= kX64Size && (word_at(bytes, 0x30) & kWindowsBits) == kX64) return Cpu::x64;
  uint32_t flags = word_at(bytes, 0);
  switch (flags & kWindowsBits ? flags & kWindowsBits : flags & kCpuBits) {
    case kX86:
      return Cpu::x86;
    case kArmWindows:
    case kArmBreakpad:
      return Cpu::arm;
    case kArm64:
    case kArm64Breakpad:
      return Cpu::arm64;
    default:
      return {};
  }
}

Result<Context> read_context(Bytes bytes, Cpu cpu) {
  const Layout& layout = layout_of(cpu);
  if (bytes.size() < layout.least) {
    return fail(fmt::format("a context of {} bytes is too short for {}", bytes.size(), name(cpu)));
  }
  Context context{.cpu = cpu, .flags = word_at(bytes, layout.flags)};
  // Some writers leave the flags empty, and old Breakpad wrote 0x40 for ARM.
  bool has_cpu = (context.flags & kCpuBits) != 0;
  if (has_cpu && !(context.flags & layout.cpu_bits)) {
    return fail(
        fmt::format("a context with flags {:#x} is not one of {}", context.flags, name(cpu)));
  }
  bool control = !has_cpu || (context.flags & kControl);
  bool integer = !has_cpu || (context.flags & kInteger);
  // Breakpad's ARM64 has no control part: the integer part is all.
  bool is_old = !(context.flags & kArm64) && (context.flags & kArm64Breakpad);
  if (cpu == Cpu::arm64 && is_old) control = integer;

  Cursor cursor{bytes, "context"};
  cursor.seek(layout.registers);
  for (uint8_t number : layout.order) {
    uint64_t value = layout.word == 8 ? cursor.read<le64>() : cursor.read<le32>();
    if (number == kNone) continue;
    bool is_control = layout.control >> number & 1;
    if (is_control ? control : integer) context.set(number, value);
  }
  if (layout.vectors_size != 0 && bytes.size() >= size_t{layout.vectors} + layout.vectors_size) {
    context.vectors = bytes.subspan(layout.vectors, layout.vectors_size);
  }
  return context;
}

}  // namespace inquest::minidump
