#include "format/sanitizer/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace inquest::sanitizer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kReport =
    std::string(65, '=') +
    "\n==20318==ERROR: AddressSanitizer: heap-use-after-free on address 0x603000000058 at pc 0x5 "
    "bp "
    "0x7 sp 0x8\n"
    "READ of size 4 at 0x603000000058 thread T0\n"
    "    #0 0x559a993382cf in hit(P*) /srv/lobby/hit.cc:16\n"
    "    #1 0x7f67b4a45249 in __libc_start_call_main ../sysdeps/libc_start_call_main.h:58\n"
    "    #2 0x559a993381d0 (/srv/lobby/lobby+0x11d0)\n"
    "\n"
    "0x603000000058 is located 24 bytes inside of 28-byte region [0x603000000040,0x60300000005c)\n"
    "freed by thread T0 here:\n"
    "    #0 0x7f67b50ba3c8 in operator delete(void*, unsigned long) "
    "../../../../src/libsanitizer/asan/asan_new_delete.cpp:164\n"
    "    #1 0x559a9933812a in leave /srv/lobby/leave.cc:7\n"
    "\n"
    "SUMMARY: AddressSanitizer: heap-use-after-free /srv/lobby/hit.cc:16 in hit(P*)\n";

TEST(SanitizerReport, HasItsParts) {
  auto report = parse_report(kReport);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->tool, "AddressSanitizer");
  EXPECT_EQ(report->error, "heap-use-after-free");
  EXPECT_EQ(report->access, "READ of size 4 at 0x603000000058 thread T0");
  EXPECT_THAT(report->place, HasSubstr("24 bytes inside of 28-byte region"));
  ASSERT_EQ(report->stacks.size(), 2u);
  EXPECT_THAT(report->stacks[0].frames.at(0), HasSubstr("hit(P*)"));
  EXPECT_EQ(report->stacks[0].frames.back(), "(/srv/lobby/lobby+0x11d0)");
  EXPECT_EQ(report->stacks[1].heading, "freed by thread T0 here");
  EXPECT_THAT(report->stacks[1].frames, ElementsAre("leave /srv/lobby/leave.cc:7"));
}

TEST(SanitizerReport, NamesErrorsThatAreSaidOtherwise) {
  auto error = [](std::string line) {
    auto report = parse_report("====\n==7==ERROR: AddressSanitizer: " + line + "\n");
    return report ? report->error : "";
  };
  EXPECT_EQ(error("attempting double-free on 0x602000000010 in thread T0:"), "double-free");
  EXPECT_EQ(error("attempting free on address which was not malloc()-ed: 0x60"), "bad-free");
  EXPECT_EQ(error("SEGV on unknown address 0x000000000008 (pc 0x1)"), "SEGV");
  EXPECT_EQ(error("stack-overflow on address 0x7ffc"), "stack-overflow");
}

TEST(SanitizerReport, BearsColoursAndCuts) {
  auto report = parse_report(
      "====\n==7==\x1b[1m\x1b[31mERROR: AddressSanitizer: heap-buffer-overflow on address "
      "0x6\x1b[0m");
  ASSERT_TRUE(report);
  EXPECT_EQ(report->error, "heap-buffer-overflow");
  for (size_t size = 0; size < kReport.size(); size += 7) {
    parse_report(std::string_view(kReport).substr(0, size));
  }
  EXPECT_FALSE(parse_report(std::string(100, '=')));
  EXPECT_FALSE(parse_report("==7==ERROR: nothing of that kind"));
}

}  // namespace
}  // namespace inquest::sanitizer
