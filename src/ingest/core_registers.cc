#include "ingest/core_registers.h"

#include <iterator>
#include <span>

#include "base/cursor.h"
#include "ingest/word.h"

namespace inquest::ingest {
namespace {

using snapshot::Arch;
using snapshot::Register;

constexpr Register kNone = 0xff;

/// Where things are in `struct elf_prstatus`: times and masks are longs, so that only the word
/// size counts.
struct StatusLayout {
  uint16_t signal, id, times, registers;
};
constexpr StatusLayout kStatus64{.signal = 12, .id = 32, .times = 48, .registers = 112};
constexpr StatusLayout kStatus32{.signal = 12, .id = 24, .times = 40, .registers = 72};

/// The DWARF number of each word of pr_reg, in its order.
constexpr Register kX64[] = {
    15,    14,    13,    12,    6, 3, 11,  // r15 r14 r13 r12 rbp rbx r11
    10,    9,     8,     0,     2, 1, 4,   // r10 r9 r8 rax rcx rdx rsi
    5,     kNone, 16,    kNone,            // rdi orig_rax rip cs
    kNone, 7,     kNone,                   // eflags rsp ss
};
constexpr size_t kX64OrigRax = 15, kX64FsBase = 21;
constexpr Register kX86[] = {
    3,     1,     2,     6,     7, 5, 0,  // ebx ecx edx esi edi ebp eax
    kNone, kNone, kNone, kNone,           // ds es fs gs
    kNone, 8,     kNone, kNone, 4,        // orig_eax eip cs eflags esp
};
constexpr size_t kX86Gs = 10;

/// x0..x30 sp pc, and r0..r15: already in the order of their numbers.
constexpr size_t kArm64Words = 33;
constexpr size_t kArmWords = 16;

std::span<const Register> order(Arch arch) {
  if (arch == Arch::x86_64) return kX64;
  if (arch == Arch::x86) return kX86;
  return {};
}

/// A struct timeval of two words.
double read_time(Cursor& cursor, Arch arch) {
  constexpr uint64_t kLongest = uint64_t{1} << 40;
  const uint64_t seconds = read_word(cursor, arch), microseconds = read_word(cursor, arch);
  if (cursor.failed() || seconds > kLongest || microseconds >= 1000000) return 0;
  return static_cast<double>(seconds) + static_cast<double>(microseconds) / 1e6;
}

}  // namespace

std::optional<ThreadStatus> read_thread_status(Bytes note, Arch arch) {
  const bool is_64 = snapshot::is_64_bit(arch);
  const StatusLayout& layout = is_64 ? kStatus64 : kStatus32;
  ThreadStatus status;
  status.registers = snapshot::Registers(arch);

  Cursor cursor{note, "NT_PRSTATUS"};
  cursor.seek(layout.signal);
  status.signal = cursor.read<le16>();
  cursor.seek(layout.id);
  status.id = cursor.read<le32>();
  if (cursor.failed()) return {};

  cursor.seek(layout.times);
  status.cpu_seconds = read_time(cursor, arch);
  status.cpu_seconds += read_time(cursor, arch);
  if (cursor.failed()) return status;
  cursor.seek(layout.registers);
  auto numbers = order(arch);
  size_t words = arch == Arch::aarch64 ? kArm64Words
                 : arch == Arch::arm   ? kArmWords
                                       : numbers.size();
  for (size_t i = 0; i < words; ++i) {
    uint64_t value = read_word(cursor, arch);
    if (cursor.failed()) return status;
    Register number = numbers.empty() ? static_cast<Register>(i) : numbers[i];
    if (number != kNone) status.registers.set(number, value);
    if (arch == Arch::x86_64 && i == kX64OrigRax) status.system_call = static_cast<int64_t>(value);
    if (arch == Arch::x86 && i == kX86Gs) status.tls_selector = static_cast<uint16_t>(value);
  }
  if (arch == Arch::x86_64) {
    static_assert(std::size(kX64) == kX64FsBase);
    uint64_t fs_base = read_word(cursor, arch);
    // 0 is a thread that never set one, or a writer that did not know.
    if (!cursor.failed() && fs_base != 0) status.tls = fs_base;
  }
  return status;
}

}  // namespace inquest::ingest
