#include "cause/contents.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace inquest::cause {
namespace {

using snapshot::Access;

snapshot::Snapshot example() {
  snapshot::Snapshot s;
  s.format = snapshot::Format::minidump;
  s.os = snapshot::Os::windows;
  s.process = {.pid = 5, .command = "a.exe", .executable = "C:\\a.exe"};
  s.modules = {{.path = "C:\\a.exe", .range = {Address{0x400000}, Address{0x410000}}}};
  s.modules[0].identity.debug_id = "3249D99D0C4049318610F4E4FB0B69361A";
  s.modules[0].identity.timestamp = 0;
  s.modules[0].is_main = true;
  s.threads = {{.id = 7, .registers = snapshot::Registers(snapshot::Arch::x86_64)}};
  s.threads[0].registers.set_pc(Address{0x401000});
  s.threads[0].crashed = true;
  s.fault = {.thread = 7, .exception = 0xc0000005, .parameters = {8, 0x10}};
  s.regions = {
      {.range = {Address{0x1000}, Address{0x3000}},
       .access = Access{true, true, false},
       .file = "[stack:7]",
       .recorded = 16},
      {.range = {Address{0x400000}, Address{0x410000}}, .file = "C:\\a.exe"},
      {.range = {Address{0x500000}, Address{0x501000}}, .access = Access{}, .file = "[guard]"},
      {.range = {Address{0x600000}, Address{0x601000}}, .access = Access{true, true, false}},
      {.range = {Address{0x700000}, Address{0x701000}}, .access = Access{true, true, false}},
      {.range = {Address{0x800000}, Address{0x801000}}, .file = "C:\\data.bin"}};
  return s;
}

TEST(Contents, AreTold) {
  answer::Show show = describe_contents(example());
  EXPECT_EQ(show.dump.format, "minidump");
  ASSERT_TRUE(show.fault);
  EXPECT_EQ(show.fault->words, "0xc0000005 access violation executing 0x10");
  EXPECT_EQ(show.fault->place, "a.exe+0x1000");
  EXPECT_EQ(show.threads[0].place, "a.exe+0x1000");
  EXPECT_FALSE(show.threads[0].sp);
  EXPECT_EQ(show.modules[0].age, 0x1au);
  EXPECT_EQ(show.modules[0].timestamp, 0u);
  EXPECT_TRUE(show.modules[0].is_main);
}

TEST(Contents, SumTheAddressSpace) {
  auto regions = describe_contents(example()).regions;
  ASSERT_EQ(regions.size(), 5u);
  EXPECT_EQ(regions[0].kind, "image");
  EXPECT_EQ(regions[0].access, "");
  auto find = [&](std::string_view kind) {
    return *std::ranges::find(regions, kind, &answer::ShownRegions::kind);
  };
  EXPECT_EQ(find("stack").recorded, 16u);
  EXPECT_EQ(find("stack").access, "rw-");
  EXPECT_EQ(find("anonymous").count, 2u);
  EXPECT_EQ(find("guard").access, "---");
  EXPECT_EQ(find("mapped file").bytes, 0x1000u);
}

TEST(Contents, TellSignals) {
  snapshot::Snapshot s;
  s.fault = {.thread = 1, .signal = 6, .signal_code = -6, .sender_pid = 44};
  EXPECT_EQ(describe_contents(s).fault->words, "SIGABRT, code -6, sent by process 44");
}

}  // namespace
}  // namespace inquest::cause
