#include "capture/memory_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture/core_path.h"
#include "capture/json_text.h"
#include "capture/proc_files.h"

namespace inquest::capture {
namespace {

TEST(MemoryMap, ReadsSmaps) {
  auto mappings = parse_memory_map(
      "5581c0000000-5581c0002000 r-xp 00001000 fe:00 1234                       /usr/bin/a b\n"
      "Size:                  8 kB\n"
      "Rss:                   4 kB\n"
      "Anonymous:             0 kB\n"
      "VmFlags: rd ex mr mw me \n"
      "7f0000000000-7f0000100000 rw-s 00000000 00:01 77     /dev/zero (deleted)\n"
      "Rss:                 512 kB\n"
      "Swap:                 12 kB\n"
      "VmFlags: rd wr sh dd ht \n"
      "7ffd00000000-7ffd00004000 r--p 00000000 00:00 0      [vvar]\n"
      "VmFlags: rd mr pf io de dd \n");
  ASSERT_EQ(mappings.size(), 3u);
  EXPECT_EQ(mappings[0].name, "/usr/bin/a b");
  EXPECT_EQ(mappings[0].range, (AddressRange{{0x5581c0000000}, {0x5581c0002000}}));
  EXPECT_TRUE(mappings[0].read && mappings[0].execute && !mappings[0].write && !mappings[0].shared);
  EXPECT_EQ(mappings[0].offset, 0x1000u);
  EXPECT_EQ(mappings[0].inode, 1234u);
  EXPECT_EQ(mappings[0].resident, 4096u);
  EXPECT_TRUE(mappings[0].detailed);
  EXPECT_FALSE(mappings[0].is_anonymous());
  EXPECT_EQ(mappings[1].name, "/dev/zero");
  EXPECT_TRUE(mappings[1].deleted && mappings[1].shared && mappings[1].not_dumped);
  EXPECT_TRUE(mappings[1].huge_pages);
  EXPECT_EQ(mappings[1].swapped, 12u * 1024);
  EXPECT_TRUE(mappings[2].device && mappings[2].is_anonymous());
}

TEST(MemoryMap, ReadsMapsAndOddNames) {
  auto mappings = parse_memory_map(
      "1000-2000 ---p 00000000 00:00 0\n"
      "2000-3000 rw-p 00000000 00:00 0 \n"
      "3000-4000 rw-p 00000000 fe:00 9  /tmp/new\\012line\n"
      "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]");
  ASSERT_EQ(mappings.size(), 4u);
  EXPECT_FALSE(mappings[0].detailed);
  EXPECT_EQ(mappings[1].name, "");
  EXPECT_EQ(mappings[2].name, "/tmp/new\nline");
  EXPECT_EQ(mappings[3].name, "[vsyscall]");
}

TEST(MemoryMap, PassesOverWhatItDoesNotKnow) {
  EXPECT_TRUE(parse_memory_map("").empty());
  EXPECT_TRUE(parse_memory_map("\n\n").empty());
  EXPECT_TRUE(parse_memory_map("Rss: 4 kB\nrubbish\n2000-1000 rw-p 0 0:0 0\n12-\n").empty());
  EXPECT_TRUE(parse_memory_map("1000-2000 rw").empty());
  EXPECT_TRUE(parse_memory_map("1000-99999999999999999 rw-p 0 0:0 0").empty());
}

TEST(ProcFiles, ReadsAStatus) {
  auto status = parse_thread_status(
      "Name:\ta\\nb\nState:\tT (stopped)\nTgid:\t12\nPPid:\t3\nTracerPid:\t4\n"
      "Uid:\t1000\t0\t0\t0\nGid:\t7\t7\t7\t7\nSigBlk:\t0000000000000400\n"
      "SigIgn:\t0000000000000001\nSigCgt:\t8000000000000000\nNonsense");
  EXPECT_EQ(status.name, "a\nb");
  EXPECT_EQ(status.state, 'T');
  EXPECT_EQ(status.process, 12);
  EXPECT_EQ(status.parent, 3);
  EXPECT_EQ(status.tracer, 4);
  EXPECT_EQ(status.real_user, 1000u);
  EXPECT_EQ(status.effective_user, 0u);
  EXPECT_EQ(status.blocked, 0x400u);
  EXPECT_EQ(status.ignored, 1u);
  EXPECT_EQ(status.caught, 1ull << 63);
  EXPECT_EQ(parse_thread_status("Name:").name, "");
}

TEST(ProcFiles, ReadsAStatOfAnOddName) {
  auto stat = parse_process_stat("12 (a) b (c) S 3 44 55 0 -1 4194560 1 2 3 4 100 200 7 8 20 -5 1");
  EXPECT_EQ(stat.group, 44);
  EXPECT_EQ(stat.session, 55);
  EXPECT_EQ(stat.flags, 4194560u);
  EXPECT_EQ(stat.user_ticks, 100u);
  EXPECT_EQ(stat.system_ticks, 200u);
  EXPECT_EQ(stat.nice, -5);
  EXPECT_EQ(parse_process_stat("").group, 0);
}

TEST(CorePath, FillsInItsWords) {
  EXPECT_EQ(core_path("/v/%e-%p.core", 12, "a/b", true), "/v/a!b-12.core");
  EXPECT_EQ(core_path("core", 12, "a", false), "core");
  EXPECT_EQ(core_path("core", 12, "a", true), "core.12");
  EXPECT_EQ(core_path("100%", 12, "a", false), "100%");
  EXPECT_EQ(core_path("%%p %d", 12, "a", false), "%12 %d");
}

TEST(JsonText, EscapesWhatIsNotText) {
  EXPECT_EQ(json_string("a\"b\\c\n\x7f"), R"("a\"b\\c\u000a\u007f")");
  EXPECT_EQ(json_string("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x99\x82"),
            "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x99\x82\"");
  EXPECT_EQ(json_string("\xff\xc0\xaf\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd")");
  EXPECT_EQ(json_string("cut \xe2\x82"), R"("cut \ufffd\ufffd")");
  EXPECT_EQ(json_array({"a", ""}), R"(["a",""])");
  EXPECT_EQ(json_array({}), "[]");
}

}  // namespace
}  // namespace inquest::capture
