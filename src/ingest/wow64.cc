// A 32-bit process in a dump by a 64-bit program: threads are recorded as Windows' emulation layer
// (wow64cpu.dll) runs them; what the program itself did stands in the layer's own records.
// Source: WOW64_CONTEXT of winnt.h, whose remarks say where it is kept: TLS slot 1 of the 64-bit
// TEB points to a structure that has it at offset 4. TEB.TlsSlots and NT_TIB: winternl.h, and the
// layouts that WinDbg's `dt` prints, the same since Windows Vista.
#include <algorithm>

#include "base/cursor.h"
#include "ingest/minidump_parts.h"

namespace inquest::ingest {
namespace {

using snapshot::Arch;
using snapshot::Registers;
using snapshot::Snapshot;
using snapshot::Thread;

constexpr uint64_t kTlsSlot1 = 0x1480 + 8, kContextBehind = 4;
constexpr uint64_t kUsualTeb32 = 0x2000;  // behind the 64-bit one
constexpr uint64_t kTeb32Self = 0x18;     // NT_TIB.Self
constexpr uint64_t kCodeSegment = 0x38;   // SegCs of the 64-bit CONTEXT
constexpr uint16_t kCode32 = 0x23;
constexpr size_t kContextBytes = 716;  // of x86

bool has_emulation_layer(const Snapshot& snapshot) {
  return std::ranges::any_of(snapshot.modules, [](const snapshot::Module& module) {
    std::string name(module.file_name());
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    return name == "wow64.dll";
  });
}

/// The thread was stopped in 32-bit code: the lower halves are its registers.
std::optional<Registers> interrupted_registers(Bytes context, const Registers& wide) {
  Cursor cursor(context, "context");
  cursor.seek(kCodeSegment);
  if (cursor.read<le16>() != kCode32 || cursor.failed() || !wide.pc()) return {};
  namespace x64 = snapshot::x64;
  // In the order of i386's numbers: eax ecx edx ebx esp ebp esi edi eip.
  constexpr snapshot::Register kOf[] = {x64::rax, x64::rcx, x64::rdx, x64::rbx, x64::rsp,
                                        x64::rbp, x64::rsi, x64::rdi, x64::rip};
  Registers narrow(Arch::x86);
  for (size_t n = 0; n < std::size(kOf); ++n) {
    if (auto value = wide.get(kOf[n])) narrow.set(static_cast<snapshot::Register>(n), *value);
  }
  return narrow;
}

/// The thread was in the layer, or in the system: the layer keeps what it will go back to.
std::optional<Registers> kept_registers(const snapshot::Memory& memory, Address teb) {
  auto kept = memory.read_pointer(teb + kTlsSlot1, 8);
  if (!kept || *kept == 0) return {};
  std::vector<std::byte> bytes(kContextBytes);
  bytes.resize(memory.read(Address{*kept} + kContextBehind, bytes));
  if (minidump::cpu_of_context(bytes) != minidump::Cpu::x86) return {};
  auto context = minidump::read_context(bytes, minidump::Cpu::x86);
  if (!context) return {};
  Registers registers = registers_of(*context);
  // Before the thread's first instruction there is nothing yet.
  if (!registers.pc() || registers.pc()->value == 0 || !registers.sp()) return {};
  return registers;
}

/// The 32-bit TEB: NT_TIB.ExceptionList of the 64-bit one points to it, as nothing else uses that.
std::optional<uint64_t> narrow_teb(const snapshot::Memory& memory, Address teb) {
  for (std::optional<uint64_t> at :
       {memory.read_pointer(teb, 8), std::optional(teb.value + kUsualTeb32)}) {
    if (!at || *at == 0 || *at > UINT32_MAX) continue;
    if (memory.read_pointer(Address{*at} + kTeb32Self, 4) == at) return at;
  }
  return {};
}

/// The context that the thread's registers were taken from.
Bytes recorded_context(const minidump::Dump& dump, const Thread& thread) {
  if (dump.exception && dump.exception->thread == thread.id && !dump.exception->context.empty()) {
    return dump.exception->context;
  }
  auto found = std::ranges::find(dump.threads, thread.id, &minidump::Thread::id);
  return found == dump.threads.end() ? Bytes{} : found->context;
}

}  // namespace

void take_wow64(const minidump::Dump& dump, Snapshot& snapshot) {
  if (snapshot.arch != Arch::x86_64 || !has_emulation_layer(snapshot)) return;
  snapshot.annotations["wow64"] = "true";
  std::vector<std::optional<Registers>> narrow;
  size_t found = 0;
  for (const Thread& thread : snapshot.threads) {
    auto registers = interrupted_registers(recorded_context(dump, thread), thread.registers);
    if (!registers && thread.tls) registers = kept_registers(snapshot.memory, Address{*thread.tls});
    found += registers.has_value();
    narrow.push_back(std::move(registers));
  }
  const Thread* crashed = snapshot.crashed_thread();
  const bool enough =
      crashed ? narrow[static_cast<size_t>(crashed - snapshot.threads.data())].has_value()
              : found > 0;
  const std::string advice =
      "write the dump with full memory, or by a 32-bit program (procdump without -64, the 32-bit "
      "Task Manager in SysWOW64)";
  if (!enough) {
    snapshot.warnings.push_back(
        {fmt::format(
             "a 32-bit process was dumped by a 64-bit program: registers and stacks are "
             "those of Windows' emulation layer (wow64cpu.dll), as the dump lacks the "
             "program's own{}",
             found ? fmt::format(" of the thread that died (it has those of {} others)", found)
                   : ""),
         advice});
    return;
  }
  snapshot.arch = Arch::x86;
  for (size_t i = 0; i < snapshot.threads.size(); ++i) {
    Thread& thread = snapshot.threads[i];
    thread.registers = narrow[i].value_or(Registers(Arch::x86));
    thread.vector_state.clear();
    if (thread.tls) thread.tls = narrow_teb(snapshot.memory, Address{*thread.tls});
  }
  if (found == snapshot.threads.size()) return;
  snapshot.warnings.push_back(
      {fmt::format("a 32-bit process was dumped by a 64-bit program: the dump lacks the 32-bit "
                   "registers of {} of {} threads",
                   snapshot.threads.size() - found, snapshot.threads.size()),
       advice});
}

}  // namespace inquest::ingest
