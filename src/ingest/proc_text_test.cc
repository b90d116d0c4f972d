#include "ingest/proc_text.h"

#include <gtest/gtest.h>

namespace inquest::ingest {
namespace {

TEST(ProcText, ReadsMaps) {
  auto regions = read_proc_maps(
      "00400000-00417000 r-xp 00001000 fc:02 238   /opt/my program\n"
      "garbage\n"
      "00500000-00400000 rw-p 00000000 00:00 0\n"
      "00410000-00418000 rw-p 00000000 00:00 0\n"  // overlaps
      "7fff0000-7fff1000 rw-s 00000000 00:00 0     [heap]\n"
      "ffff0000-ffff1000 ---p 00000000 00:00 0");
  ASSERT_EQ(regions.size(), 3u);
  EXPECT_EQ(regions[0].range, (AddressRange{Address{0x400000}, Address{0x417000}}));
  EXPECT_EQ(regions[0].access, (snapshot::Access{.read = true, .execute = true}));
  EXPECT_EQ(regions[0].file, "/opt/my program");
  EXPECT_EQ(regions[0].file_offset, FileOffset{0x1000});
  EXPECT_EQ(regions[1].file, "[heap]");
  EXPECT_TRUE(regions[1].shared);
  EXPECT_FALSE(regions[1].file_offset);
  EXPECT_EQ(regions[2].file, "");
  EXPECT_EQ(regions[2].access, snapshot::Access{});
  EXPECT_TRUE(read_proc_maps("").empty());
}

TEST(ProcText, FindsValues) {
  EXPECT_EQ(proc_value("Name:\ta b \nPid:\t7\n", "Pid", ':'), "7");
  EXPECT_EQ(proc_value("Name:\ta b \nPid:\t7\n", "Name", ':'), "a b");
  EXPECT_EQ(proc_value("model name\t: X\n", "model name", ':'), "X");
  EXPECT_EQ(proc_value("A=\"b c\"", "A", '='), "b c");
  EXPECT_EQ(proc_value("TracerPid: 1\n", "Pid", ':'), "");
  EXPECT_EQ(proc_value("", "Pid", ':'), "");
  EXPECT_EQ(count_proc_lines("processor : 0\nx\nprocessor : 1", "processor", ':'), 2u);
}

TEST(ProcText, JoinsArguments) {
  EXPECT_EQ(joined_arguments(std::string_view("a\0b c\0\0", 7)), "a b c");
  EXPECT_EQ(joined_arguments(""), "");
}

}  // namespace
}  // namespace inquest::ingest
