#include "cause/growth/same_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace inquest::cause {
namespace {

using testing::HasSubstr;

ProcessIdentity server() {
  return {.pid = 4711,
          .command = "server",
          .build = "0123456789abcdef",
          .bases = {{"/bin/server", 0x5550000}, {"/lib/libc.so.6", 0x7f00000}},
          .random_at = 0x7ffc1239};
}

TEST(SameProcess, IsOneWhereEverythingAgrees) {
  EXPECT_TRUE(is_same_process(server(), server()));
  EXPECT_FALSE(difference_of(server(), server()));
  ProcessIdentity later = server();
  later.bases["/lib/plugin.so"] = 0x7e00000;
  EXPECT_TRUE(is_same_process(server(), later)) << "libraries come";
}

TEST(SameProcess, IsAnotherWhereAnythingDiffers) {
  for (auto change : std::vector<void (*)(ProcessIdentity&)>{
           [](ProcessIdentity& other) { other.pid = 4712; },
           [](ProcessIdentity& other) { other.pid.reset(); },
           [](ProcessIdentity& other) { other.build = "ff"; },
           [](ProcessIdentity& other) { other.random_at = 0x7ffc4569; },
           [](ProcessIdentity& other) { other.bases["/lib/libc.so.6"] = 0x7e00000; },
           [](ProcessIdentity& other) { other.bases.clear(); },
           [](ProcessIdentity& other) { other.arch = snapshot::Arch::aarch64; }}) {
    ProcessIdentity other = server();
    change(other);
    EXPECT_FALSE(is_same_process(server(), other));
  }
}

TEST(SameProcess, SaysWhatCannotBeCompared) {
  ProcessIdentity other = server();
  other.build = "fedcba9876543210";
  auto warning = difference_of(server(), other);
  ASSERT_TRUE(warning);
  EXPECT_THAT(warning->what, HasSubstr("different builds of server (01234567 and fedcba98)"));
  other.command = "lobby";
  EXPECT_THAT(difference_of(server(), other)->what, HasSubstr("server and lobby"));
  other.arch = snapshot::Arch::x86;
  EXPECT_THAT(difference_of(server(), other)->what, HasSubstr("different systems"));
  other = server();
  other.build.clear();
  EXPECT_FALSE(difference_of(server(), other)) << "not known is not different";
}

}  // namespace
}  // namespace inquest::cause
