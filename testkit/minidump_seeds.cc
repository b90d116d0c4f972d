#include "testkit/minidump.h"

namespace inquest::testkit {
namespace {

std::vector<std::byte> filled(size_t size, uint8_t value) {
  return std::vector<std::byte>(size, std::byte{value});
}

/// Every stream of Windows, once.
MinidumpBuilder windows_dump(DumpCpu cpu, uint16_t processor) {
  std::string pc = cpu == DumpCpu::x64 ? "rip" : cpu == DumpCpu::x86 ? "eip" : "pc";
  std::string sp = cpu == DumpCpu::x64 ? "rsp" : cpu == DumpCpu::x86 ? "esp" : "sp";
  std::map<std::string, uint64_t> registers{{pc, 0x401000}, {sp, 0x200010}};
  std::map<std::string, uint64_t> waiting{{pc, 0x401002}, {sp, 0x210008}};
  MinidumpBuilder dump;
  dump.system({.processor = processor, .service_pack = "Service Pack 1"});
  dump.misc(4711, 1600000000, 5);
  dump.exception({.thread = 1,
                  .address = 0x401000,
                  .parameters = {1, 0x24},
                  .context = dump_context(cpu, registers)});
  dump.thread({.id = 1,
               .teb = 0x300000,
               .stack = 0x200000,
               .stack_bytes = filled(64, 1),
               .context = dump_context(cpu, registers)});
  dump.thread({.id = 2,
               .stack = 0x210000,
               .stack_bytes = filled(32, 2),
               .context = dump_context(cpu, waiting, 0, 64)});
  dump.thread_name(2, "worker");
  dump.module({.path = "C:\\app\\lobby.exe",
               .version = 0x000a00004a620001,
               .codeview = codeview_pdb70("0123456789abcdef", 1, "C:\\b\\lobby.pdb")});
  dump.module({.base = 0x500000,
               .timestamp = 5,
               .path = "old.dll",
               .codeview = codeview_pdb20(0x1234, 2, "old.pdb")});
  dump.unloaded(0x600000, 0x1000, "gone.dll");
  dump.memory(0x200000, filled(64, 1)).memory(0x300000, filled(16, 3));
  dump.memory64(0x401000, filled(16, 0x90)).memory64(0x700000, filled(8, 7));
  dump.memory_info({0x200000, 0x1000})
      .memory_info({.base = 0x1ff000, .size = 0x1000, .protect = 0x104});
  dump.memory_info({.base = 0x401000, .size = 0x1000, .protect = 0x20, .type = 0x1000000});
  dump.handle(0x44, "Mutant", "\\Sessions\\lock").handle(0x48, "File", "");
  dump.comment("left by hand");
  dump.assertion("p != 0", "f", "a.cc", 12, 1);
  dump.crashpad({{"prod", "lobby"}, {"ver", "1.2"}},
                {{.index = 0, .list = {"one"}, .simple = {{"k", "v"}}, .objects = {{"o", "w"}}}});
  return dump;
}

/// A JIT compiler's code, with its unwind data, in no module.
MinidumpBuilder jit_dump() {
  constexpr uint64_t kJit = 0x1c0f0000000;
  MinidumpBuilder dump = windows_dump(DumpCpu::x64, 9);
  dump.thread({.id = 3,
               .stack = 0x220000,
               .stack_bytes = filled(64, 0),
               .context = dump_context(DumpCpu::x64, {{"rip", kJit + 0x20}, {"rsp", 0x220010}})});
  dump.function_table(kJit, {{0x10, 0x80, 0x100}, {0x80, 0xc0, 0x110}});
  ByteBuilder code;
  code.bytes(filled(0x100, 0x90));
  code.u8(1).u8(5).u8(2).u8(0).u16(0x3205).u16(0x3001).zeros(8);  // push rbx; sub rsp, 0x20
  code.u8(1).u8(4).u8(1).u8(0).u16(0x4204).zeros(10);
  dump.memory(kJit, code.take());
  return dump;
}

/// A 32-bit process that a 64-bit program dumped.
MinidumpBuilder wow64_dump() {
  constexpr uint64_t kTeb64 = 0x7e000, kTeb32 = 0x80000, kKept = 0x9afd20;
  MinidumpBuilder dump;
  dump.system({}).module({.path = "C:\\app\\lobby.exe"});
  dump.module({.base = 0x77000000, .path = "C:\\Windows\\System32\\wow64.dll"});
  auto context = dump_context(DumpCpu::x64, {{"rip", 0x401234}, {"rsp", 0x19f000}});
  context[0x38] = std::byte{0x23};
  dump.thread({.id = 1,
               .teb = kTeb64,
               .context = dump_context(DumpCpu::x64, {{"rip", 0x77001000}, {"rsp", 0x8f000}})});
  dump.thread(
      {.id = 2, .stack = 0x19f000, .stack_bytes = filled(32, 0), .context = std::move(context)});
  dump.memory(kTeb64, ByteBuilder().u64(kTeb32).zeros(0x1480).u64(kKept).zeros(16).take());
  dump.memory(kTeb32, ByteBuilder().zeros(0x18).u32(kTeb32).zeros(8).take());
  auto kept = dump_context(DumpCpu::x86, {{"eip", 0x401000}, {"esp", 0x19f008}});
  dump.memory(kKept, ByteBuilder().u16(0).u16(0x14c).bytes(kept).take());
  return dump;
}

MinidumpBuilder linux_dump(DumpCpu cpu, uint16_t processor, const std::string& pc) {
  MinidumpBuilder dump;
  auto context = dump_context(cpu, {{pc, 0x7f0000001000}});
  dump.system({.processor = processor,
               .platform = 0x8201,
               .major = 0,
               .service_pack = "Linux 6.1.0-38-amd64 #1 SMP x86_64"});
  dump.exception({.thread = 7, .code = 11, .flags = 1, .address = 0x24, .context = context});
  dump.thread({.id = 7, .stack = 0x7ffd00000000, .stack_bytes = filled(32, 1), .context = context});
  dump.module({.base = 0x7f0000000000,
               .size = 0x2000,
               .path = "/opt/lobby",
               .codeview = codeview_build_id("12345678901234567890")});
  dump.stream(0x47670003, "processor\t: 0\nmodel name\t: Some CPU\nprocessor\t: 1\n");
  dump.stream(0x47670004, "Name:\tlobby\nPid:\t7\n");
  dump.stream(0x47670005, "DISTRIB_DESCRIPTION=\"Debian 12\"\n");
  dump.stream(0x47670006, std::string_view("./lobby\0--all\0", 14));
  dump.stream(0x47670009,
              "7f0000000000-7f0000001000 r--p 00000000 08:01 5   /opt/lobby\n"
              "7f0000001000-7f0000002000 r-xp 00001000 08:01 5   /opt/lobby\n"
              "7f0000003000-7f0000004000 rw-p 00002000 08:01 5   /opt/lobby\n"
              "7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0   [stack]\n");
  ByteBuilder auxv;
  auxv.u64(3).u64(0x7f0000000040).u64(9).u64(0x7f0000001000).u64(0).u64(0);
  dump.stream(0x47670008, auxv.view());
  dump.linked_image(0x7f0000000000, "", 0x7f0000003010);
  return dump;
}

}  // namespace

std::map<std::string, std::vector<std::byte>> minidump_seeds() {
  std::map<std::string, std::vector<std::byte>> seeds;
  seeds["windows-x86"] = windows_dump(DumpCpu::x86, 0).build();
  seeds["windows-x64"] = windows_dump(DumpCpu::x64, 9).build();
  seeds["windows-arm"] = windows_dump(DumpCpu::arm, 5).build();
  seeds["windows-arm64"] = windows_dump(DumpCpu::arm64, 12).build();
  seeds["linux-x64"] = linux_dump(DumpCpu::x64, 9, "rip").build();
  seeds["linux-arm64"] = linux_dump(DumpCpu::arm64_breakpad, 0x8003, "pc").build();
  seeds["windows-jit"] = jit_dump().build();
  seeds["windows-wow64"] = wow64_dump().build();
  auto cut = seeds["windows-x64"];
  cut.resize(cut.size() - 40);
  seeds["windows-cut"] = cut;
  return seeds;
}

}  // namespace inquest::testkit
