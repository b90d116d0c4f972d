#include "ingest/elf_core.h"

#include <csignal>
#include <cstdio>
#include <elf.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

#include "ingest/ingest.h"
#include "testkit/elf_core.h"

namespace inquest::ingest {
namespace {

using snapshot::Arch;
using snapshot::Snapshot;
using testkit::ByteBuilder;
using testkit::CoreBuilder;
using testkit::ElfArch;

std::vector<std::byte> bytes_of(std::string_view text) {
  auto raw = std::as_bytes(std::span(text.data(), text.size()));
  return {raw.begin(), raw.end()};
}

Result<Snapshot> read(const std::vector<std::byte>& core) {
  std::unique_ptr<FILE, int (*)(FILE*)> file{std::tmpfile(), std::fclose};
  std::fwrite(core.data(), 1, core.size(), file.get());
  std::fflush(file.get());
  return read_elf_core(TRY(MappedFile::from_descriptor(fileno(file.get()), "core.test")));
}

Snapshot read_well(const std::vector<std::byte>& core) {
  auto snapshot = read(core);
  EXPECT_TRUE(snapshot) << (snapshot ? "" : snapshot.error().line());
  return snapshot ? std::move(*snapshot) : Snapshot{};
}

std::vector<uint64_t> words(size_t count) {
  std::vector<uint64_t> result;
  for (size_t i = 0; i < count; ++i) result.push_back(0x100 + i);
  return result;
}

TEST(ElfCore, ReadsRegistersByTheSystemsOrder) {
  struct Expected {
    ElfArch built;
    Arch arch;
    std::vector<std::pair<std::string_view, uint64_t>> registers;
  };
  // Word numbers from <sys/user.h> and the kernel's asm/ptrace.h.
  const Expected all[] = {
      {ElfArch::x64,
       Arch::x86_64,
       {{"r15", 0x100},
        {"rbp", 0x104},
        {"rbx", 0x105},
        {"rax", 0x10a},
        {"rcx", 0x10b},
        {"rdx", 0x10c},
        {"rsi", 0x10d},
        {"rdi", 0x10e},
        {"rip", 0x110},
        {"rsp", 0x113}}},
      {ElfArch::arm64,
       Arch::aarch64,
       {{"x0", 0x100}, {"x29", 0x11d}, {"x30", 0x11e}, {"sp", 0x11f}, {"pc", 0x120}}},
      {ElfArch::x86,
       Arch::x86,
       {{"ebx", 0x100},
        {"ecx", 0x101},
        {"edx", 0x102},
        {"esi", 0x103},
        {"edi", 0x104},
        {"ebp", 0x105},
        {"eax", 0x106},
        {"eip", 0x10c},
        {"esp", 0x10f}}},
      {ElfArch::arm, Arch::arm, {{"r0", 0x100}, {"sp", 0x10d}, {"lr", 0x10e}, {"pc", 0x10f}}},
  };
  for (const Expected& expected : all) {
    CoreBuilder builder(expected.built);
    builder.thread({.id = 42, .signal = SIGSEGV, .registers = words(34)});
    builder.process(40, "lobby", "./lobby --port 1 ");
    Snapshot snapshot = read_well(builder.build());
    EXPECT_EQ(snapshot.arch, expected.arch);
    ASSERT_EQ(snapshot.threads.size(), 1u);
    const auto& thread = snapshot.threads[0];
    EXPECT_EQ(thread.id, 42u);
    EXPECT_TRUE(thread.crashed);
    for (auto [name, value] : expected.registers) {
      auto number = snapshot::register_by_name(expected.arch, name);
      ASSERT_TRUE(number) << name;
      EXPECT_EQ(thread.registers.get(*number), value) << name;
    }
    EXPECT_EQ(snapshot.process.pid, 40);
    EXPECT_EQ(snapshot.process.command, "lobby");
    EXPECT_EQ(snapshot.process.arguments, "./lobby --port 1");
    EXPECT_EQ(thread.tls.has_value(), expected.arch == Arch::x86_64);
    if (thread.tls) {
      EXPECT_EQ(*thread.tls, 0x115u) << "fs_base";
    }
  }
}

TEST(ElfCore, ReadsThreadPointers) {
  CoreBuilder arm(ElfArch::arm64);
  ByteBuilder tls;
  tls.u64(0x7fabc0).u64(0);
  arm.thread({.id = 1}).note("LINUX", NT_ARM_TLS, tls.view());
  EXPECT_EQ(read_well(arm.build()).threads[0].tls, 0x7fabc0u);

  CoreBuilder x86(ElfArch::x86);
  ByteBuilder descriptors;
  descriptors.u32(5).u32(0xbad).u32(0).u32(0).u32(6).u32(0xf7001000).u32(0xfffff).u32(0x51);
  auto registers = words(17);
  registers[10] = 6 << 3 | 3;  // gs
  x86.thread({.id = 1, .registers = registers}).note("LINUX", NT_386_TLS, descriptors.view());
  EXPECT_EQ(read_well(x86.build()).threads[0].tls, 0xf7001000u);
}

TEST(ElfCore, ReadsTheSignal) {
  struct Case {
    CoreBuilder::SignalSpec signal;
    std::optional<uint64_t> address;
    std::optional<int> sender;
  };
  const Case cases[] = {
      {{.number = SIGSEGV, .code = SEGV_MAPERR, .address = 0x19}, 0x19, {}},
      {{.number = SIGSEGV, .code = 0x80, .address = 0x19}, {}, {}},  // SI_KERNEL
      {{.number = SIGFPE, .code = FPE_INTDIV, .address = 0x4000}, 0x4000, {}},
      {{.number = SIGABRT, .code = SI_TKILL, .sender = {{77, 1000}}}, {}, 77},
      {{.number = SIGSEGV, .code = SI_USER, .sender = {{78, 0}}}, {}, 78},
  };
  for (ElfArch arch : {ElfArch::x64, ElfArch::arm}) {
    for (const Case& tested : cases) {
      CoreBuilder builder(arch);
      builder.thread({.id = 5, .signal = static_cast<uint16_t>(tested.signal.number)});
      builder.process(5, "x", "x").signal(tested.signal);
      builder.thread({.id = 6, .signal = static_cast<uint16_t>(tested.signal.number)});
      Snapshot snapshot = read_well(builder.build());
      ASSERT_TRUE(snapshot.fault);
      EXPECT_EQ(snapshot.fault->thread, 5u);
      EXPECT_EQ(snapshot.fault->signal, tested.signal.number);
      EXPECT_EQ(snapshot.fault->signal_code, tested.signal.code);
      EXPECT_EQ(snapshot.fault->address.has_value(), tested.address.has_value());
      if (tested.address) {
        EXPECT_EQ(snapshot.fault->address->value, *tested.address);
      }
      EXPECT_EQ(snapshot.fault->sender_pid, tested.sender);
      EXPECT_EQ(snapshot.crashed_thread()->id, 5u);
      EXPECT_FALSE(snapshot.threads[1].signal) << "the kernel repeats the dying thread's";
    }
  }
}

TEST(ElfCore, ADebuggersStopIsNoDeath) {
  for (int signal : {0, SIGSTOP, SIGTRAP, SIGINT}) {
    CoreBuilder gcore(ElfArch::x64);
    gcore.process(5, "x", "x").thread({.id = 5, .signal = static_cast<uint16_t>(signal)});
    EXPECT_FALSE(read_well(gcore.build()).fault) << signal;
  }
  CoreBuilder died(ElfArch::x64);
  died.process(5, "x", "x").thread({.id = 5}).thread({.id = 6, .signal = SIGSEGV});
  died.signal({.number = SIGSEGV, .code = 1, .address = 8});
  Snapshot snapshot = read_well(died.build());
  ASSERT_TRUE(snapshot.fault);
  EXPECT_EQ(snapshot.fault->thread, 6u);

  CoreBuilder trapped(ElfArch::x64);
  trapped.thread({.id = 5, .signal = SIGTRAP}).process(5, "x", "x");
  EXPECT_TRUE(read_well(trapped.build()).fault) << "the kernel's core is of a death";
}

TEST(ElfCore, ReadsOurOwnNote) {
  CoreBuilder builder(ElfArch::x64);
  builder.thread({.id = 5}).process(5, "lobby", "").thread({.id = 6}).thread({.id = 7});
  builder.note("INQUEST", 1,
               bytes_of(std::string(R"({"threads":[{"id":6,"name":"worker \"6\""},{"id":-1},3],)"
                                    R"("executable":"/opt/lobby","stopped_us":812,)"
                                    R"("limits":{"data":4096,"stack":-1},"time":  1763836800})") +
                        '\0'));
  Snapshot snapshot = read_well(builder.build());
  EXPECT_EQ(snapshot.threads[0].name, "lobby");
  EXPECT_EQ(snapshot.threads[1].name, "worker \"6\"");
  EXPECT_EQ(snapshot.threads[2].name, "");
  EXPECT_EQ(snapshot.process.executable, "/opt/lobby");
  EXPECT_EQ(snapshot.annotations.at("stopped_us"), "812");
  EXPECT_EQ(snapshot.annotations.at("limit.data"), "4096");
  EXPECT_EQ(snapshot.process.time->time_since_epoch().count(), 1763836800);
  EXPECT_EQ(snapshot.annotations.at("time"), "1763836800") << "not the file's";
  EXPECT_FALSE(snapshot.annotations.contains("limit.stack"));

  for (std::string_view damaged : {"", "{", "[]", "{\"threads\":{}}", "{\"threads\":[[[["}) {
    CoreBuilder other(ElfArch::x64);
    other.thread({.id = 5}).note("INQUEST", 1, bytes_of(damaged));
    EXPECT_EQ(read_well(other.build()).threads[0].name, "");
  }
}

TEST(ElfCore, JoinsMemoryWithMappedFiles) {
  CoreBuilder builder(ElfArch::x64);
  builder.thread({.id = 5, .registers = words(27)}).process(5, "x", "x");
  builder.files({{0x10000, 0x12000, 0, "/lib/a.so"},
                 {0x12000, 0x13000, 7, "/lib/a.so (deleted)"},
                 {0x50000, 0x51000, 1, "/dev/gpu"}});
  builder.memory(0x12000, bytes_of("data"), 6, 0x1000);
  builder.memory(0x10000, bytes_of("text"), 5, 0x2000);
  builder.memory(0x20000, bytes_of("heap"), 6);
  Snapshot snapshot = read_well(builder.build());
  ASSERT_EQ(snapshot.regions.size(), 4u);
  EXPECT_EQ(snapshot.regions[0].file, "/lib/a.so");
  EXPECT_EQ(snapshot.regions[0].recorded, 4u);
  EXPECT_EQ(snapshot.regions[0].range.size(), 0x2000u);
  EXPECT_TRUE(snapshot.regions[0].access->execute);
  EXPECT_EQ(snapshot.regions[1].file_offset->value, 0x7000u);
  EXPECT_TRUE(snapshot.regions[2].file.empty());
  EXPECT_EQ(snapshot.regions[3].file, "/dev/gpu");
  EXPECT_FALSE(snapshot.regions[3].access);
  EXPECT_EQ(snapshot.memory.read_pointer(Address{0x20000}, 4), 0x70616568u);
  EXPECT_FALSE(snapshot.memory.has(Address{0x10004}));
  EXPECT_TRUE(snapshot.complete);
}

TEST(ElfCore, StandsOverlapAndWrapping) {
  CoreBuilder builder(ElfArch::x64);
  builder.thread({.id = 5});
  builder.memory(0x1000, bytes_of("abcdefgh"), 6, 0x2000);
  builder.memory(0x1004, bytes_of("ABCDEFGH"), 6, 0x3000);
  builder.memory(UINT64_MAX - 3, bytes_of("wrapped!"), 6);
  Snapshot snapshot = read_well(builder.build());
  ASSERT_EQ(snapshot.regions.size(), 3u);
  for (size_t i = 1; i < snapshot.regions.size(); ++i) {
    EXPECT_LE(snapshot.regions[i - 1].range.end, snapshot.regions[i].range.begin);
  }
  EXPECT_EQ(snapshot.memory.read_string(Address{0x1000}, 8), std::nullopt);
  EXPECT_EQ(snapshot.regions[1].range.end.value, 0x4004u);
}

TEST(ElfCore, ReadsMoreSegmentsThanTheHeaderCanCount) {
  for (bool cut : {false, true}) {
    CoreBuilder builder(ElfArch::x64);
    builder.thread({.id = 5}).memory(0x1000, bytes_of("a")).memory(0x2000, bytes_of("b"));
    auto core = builder.extended_count().build();
    if (cut) core.resize(core.size() - 64 - 1);  // section 0, and the last byte of memory
    Snapshot snapshot = read_well(core);
    EXPECT_EQ(snapshot.regions.size(), 2u);
    EXPECT_EQ(snapshot.complete, !cut);
  }
}

TEST(ElfCore, AnswersInPartWhereItIsCut) {
  CoreBuilder builder(ElfArch::x64);
  builder.thread({.id = 5, .signal = SIGSEGV}).process(5, "x", "x").signal({});
  builder.memory(0x10000, std::vector<std::byte>(3'000'000));
  builder.memory(0x400000, std::vector<std::byte>(5'000'000));
  auto core = builder.build();
  auto part = core;
  part.resize(4'000'000);
  Snapshot snapshot = read_well(part);
  EXPECT_FALSE(snapshot.complete);
  ASSERT_EQ(snapshot.warnings.size(), 1u);
  EXPECT_EQ(snapshot.warnings[0].what,
            "core is cut at 4.0 MB of 8.0 MB; 1 of 2 memory ranges are missing or partial");
  EXPECT_EQ(snapshot.threads.size(), 1u);

  // Any length gives an answer or one error, never a crash.
  for (size_t length = 0; length < 2000; ++length) {
    part.assign(core.begin(), core.begin() + static_cast<ptrdiff_t>(length));
    auto some = read(part);
    if (some) {
      EXPECT_FALSE(some->complete) << length;
    }
  }
}

TEST(ElfCore, RefusesWhatIsNoCore) {
  auto program = testkit::ElfBuilder(ElfArch::x64, ET_EXEC, 0x400000).build();
  auto refused = read(program);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what, "is an executable, not a core");
  EXPECT_FALSE(refused.error().advice.empty());
  auto other = CoreBuilder(ElfArch::x64).thread({.id = 1}).build();
  other[18] = std::byte{8};  // MIPS
  ASSERT_FALSE(read(other));
  auto empty = CoreBuilder(ElfArch::x64).memory(0x1000, bytes_of("x")).build();
  EXPECT_FALSE(read(empty)) << "no thread, no module";
}

/// Real cores of another machine; not part of the project.
TEST(ElfCore, ReadsTheCasrCores) {
  const std::string folder = "../shared/fixtures/casr-x64/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not there";
  struct Expected {
    std::string name;
    int signal, code;
    std::optional<uint64_t> address;
    uint64_t pc;
    std::string main_id;
  };
  // As `readelf -n` and gdb print them.
  const Expected all[] = {
      {"test_DivByZero", 8, 1, 0x5555555551ed, 0x5555555551ed,
       "61e7b33e0ce078816b647bdb82a44ee8a69ace05"},
      {"test_abort", 6, -6, {}, 0x7fd5ba238fb7, "6480041d20d9eb4aa4bf08f846e433426cd0662e"},
      {"test_canary", 6, -6, {}, 0x7ff2e1f04fb7, "881609d100b2f9c3ad73254020fa5cda0171d335"},
      {"test_heapError", 6, -6, {}, 0x7fb416234fb7, "d562919bf89f78348c67f0951ab289c8bdc46aa8"},
      {"test_sourceAvNearNull", 11, 1, 0, 0x557d29a2c619,
       "76dcd4d78a39ddf01e39cac603c30730955767f2"},
  };
  for (const Expected& expected : all) {
    auto snapshot = open(folder + "core." + expected.name);
    ASSERT_TRUE(snapshot) << snapshot.error().line();
    EXPECT_TRUE(snapshot->complete);
    EXPECT_TRUE(snapshot->warnings.empty());
    ASSERT_TRUE(snapshot->fault);
    EXPECT_EQ(snapshot->fault->signal, expected.signal);
    EXPECT_EQ(snapshot->fault->signal_code, expected.code);
    EXPECT_EQ(snapshot->fault->address.has_value(), expected.address.has_value());
    if (expected.address) {
      EXPECT_EQ(snapshot->fault->address->value, *expected.address);
    }
    EXPECT_EQ(snapshot->threads[0].registers.pc()->value, expected.pc);
    ASSERT_EQ(snapshot->modules.size(), 4u) << "program, libc, ld.so, vDSO";
    EXPECT_TRUE(snapshot->modules[0].is_main);
    EXPECT_EQ(snapshot->modules[0].identity.text(), expected.main_id);
    EXPECT_EQ(snapshot->modules[0].file_name(), expected.name);
  }
}

}  // namespace
}  // namespace inquest::ingest
