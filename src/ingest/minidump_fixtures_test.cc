// Real minidumps of other machines; not part of the project. What is expected was read by obj2yaml
// (LLVM 19) and from Breakpad's own stack walk.
#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>

#include "ingest/ingest.h"

namespace inquest::ingest {
namespace {

using snapshot::Arch;
using snapshot::Os;

struct Expected {
  std::string file;
  Os os;
  Arch arch;
  int32_t pid;
  size_t threads, modules, pieces;
  uint32_t crashed;
  uint64_t pc;
  std::optional<int> signal;
  std::optional<uint32_t> exception;
  std::optional<uint64_t> address;
  std::string main, main_id, main_version;
  std::string os_version;
};

const Expected kAll[] = {
    {"lldb-windows-x64/sigsegv.dmp",
     Os::windows,
     Arch::x86_64,
     13052,
     1,
     4,
     15,
     10860,
     0x7ff7a13110d9,
     {},
     0xc0000005,
     0,
     "C:\\temp\\sigsegv.exe",
     "7DD47A9FC2E8499AA78EC14AE2C965A21",
     "",
     "10.0.16299"},
    {"sentry-windows-x86/windows.dmp",
     Os::windows,
     Arch::x86,
     1928,
     4,
     17,
     8,
     1636,
     0x2a2a3d,
     {},
     0xc0000005,
     0x45,
     "C:\\projects\\breakpad-tools\\windows\\Release\\crash.exe",
     "3249D99D0C4049318610F4E4FB0B69361",
     "",
     "10.0.14393"},
    {"breakpad-x86/minidump2.dmp",
     Os::windows,
     Arch::x86,
     3932,
     2,
     13,
     3,
     3060,
     0x40429e,
     {},
     0xc0000005,
     0x45,
     "c:\\test_app.exe",
     "5A9832E5287241C1838ED98914E9B7FF1",
     "",
     "5.1.2600"},
    {"breakpad-x86/stack_exhaustion.dmp",
     Os::windows,
     Arch::x86,
     5416,
     2,
     26,
     5,
     5744,
     0xdea637,
     {},
     0xc00000fd,
     {},
     "",
     "",
     "",
     ""},
    {"breakpad-x64/tiny-exe-fastfail.dmp",
     Os::windows,
     Arch::x86_64,
     41996,
     4,
     21,
     14,
     24440,
     0x7ff75355af42,
     {},
     0xc0000409,
     {},
     "D:\\chromium\\src\\out\\release\\tiny.exe",
     "6F81F755C50D71BE4C4C44205044422E1",
     "",
     "10.0.19042"},
    {"breakpad-linux/linux_null_dereference.dmp",
     Os::linux,
     Arch::x86_64,
     20520,
     1,
     8,
     2,
     20520,
     0x401f26,
     11,
     {},
     0,
     "/usr/local/google/home/liuandrew/Documents/breakpad_test/driver",
     "014F7B7CB88E7675C28A362BD5A8961F0",
     "",
     "3.13.0-53-generic"},
    {"orbit-linux-x64/hello_ggp_stand.core.dmp",
     Os::linux,
     Arch::x86_64,
     10849,
     45,
     29,
     45,
     10849,
     0x7f8b63bafa6d,
     4,
     {},
     {},
     "/mnt/developer/hello_ggp_standalone_1_66",
     "8674251f6c15028c",
     "",
     "5.10.53-ggp-2020.K510rc13-k294-g18b26f786c"},
};

void PrintTo(const Expected& expected, std::ostream* out) { *out << expected.file; }

class Fixtures : public testing::TestWithParam<Expected> {};

TEST_P(Fixtures, AreRead) {
  const Expected& e = GetParam();
  std::string path = "../shared/fixtures/" + e.file;
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  auto s = open(path);
  ASSERT_TRUE(s) << s.error().line();
  EXPECT_TRUE(s->complete);
  EXPECT_EQ(s->os, e.os);
  EXPECT_EQ(s->arch, e.arch);
  EXPECT_EQ(s->process.pid, e.pid);
  EXPECT_EQ(s->threads.size(), e.threads);
  EXPECT_EQ(s->modules.size(), e.modules);
  ASSERT_TRUE(s->crashed_thread());
  EXPECT_EQ(s->crashed_thread()->id, e.crashed);
  EXPECT_EQ(s->crashed_thread()->registers.pc(), Address{e.pc});
  for (const auto& thread : s->threads) {
    ASSERT_TRUE(thread.registers.sp()) << thread.id;
    EXPECT_TRUE(s->memory.has(*thread.registers.sp())) << thread.id;
  }
  ASSERT_TRUE(s->fault);
  EXPECT_EQ(s->fault->signal, e.signal);
  EXPECT_EQ(s->fault->exception, e.exception);
  if (e.address) {
    EXPECT_EQ(s->fault->address, Address{*e.address});
  }
  EXPECT_EQ(s->memory.pieces().size(), e.pieces);
  auto main = std::ranges::find_if(s->modules, &snapshot::Module::is_main);
  ASSERT_NE(main, s->modules.end());
  if (!e.main.empty()) {
    EXPECT_EQ(main->path, e.main);
    EXPECT_EQ(main->identity.text(), e.main_id);
    EXPECT_EQ(s->system.os_version, e.os_version);
  }
}

INSTANTIATE_TEST_SUITE_P(Real, Fixtures, testing::ValuesIn(kAll), [](const auto& info) {
  std::string name = info.param.file;
  std::ranges::replace_if(name, [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
});

}  // namespace
}  // namespace inquest::ingest
