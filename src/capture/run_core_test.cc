/// `run`: where the core goes, and what is told when it cannot.
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "capture/test_run.h"

namespace inquest::capture {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

TEST_F(Run, NameOfTheCore) {
  options_.path = folder_.file("%e-%p.core");
  auto outcome = run_source("int main() { __builtin_trap(); }");
  ASSERT_TRUE(outcome.core);
  EXPECT_EQ(outcome.core->path,
            folder_.file("program-" + std::to_string(outcome.core->pid) + ".core"));
}

TEST_F(Run, NoSuchProgram) {
  auto outcome = run({"/no/such/program"}, options_);
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().line(), HasSubstr("/no/such/program"));
  EXPECT_THAT(outcome.error().line(), HasSubstr("No such file"));
  EXPECT_FALSE(run({}, options_));
}

TEST_F(Run, SmallCoreOnASmallDisk) {
  std::string disk = folder_.file("disk");
  fs::create_directory(disk);
  if (testkit::run_command("mount -t tmpfs -o size=8m none '" + disk + "'").status != 0) {
    GTEST_SKIP() << "no right to mount a small disk";
  }
  options_.path = disk + "/core";
  auto outcome = run_source(R"(
    #include <stdlib.h>
    #include <string.h>
    #include <thread>
    #include <unistd.h>
    void wait_for_work(char* p) { for (;;) pause(); }
    __attribute__((noinline)) void deeper(int n, char* p) { if (n == 0) abort(); deeper(n - 1, p); asm(""); }
    int main() { char* p = (char*)malloc(100 << 20); memset(p, 7, 100 << 20);
      std::thread(wait_for_work, p).detach(); usleep(50000); deeper(20, p); })");
  EXPECT_EQ(outcome.signal, SIGABRT);
  EXPECT_TRUE(outcome.core) << (outcome.core_error ? outcome.core_error->line() : "");
  if (outcome.core) {
    EXPECT_THAT(outcome.core->warnings, ::testing::SizeIs(1));
    auto text = gdb("-ex 'thread apply all bt'", options_.path);
    EXPECT_THAT(text, HasSubstr("wait_for_work"));
    EXPECT_THAT(text, ContainsRegex("deeper \\(n=20.*\n.*main"));
  }
  testkit::run_command("umount '" + disk + "'");
}

TEST_F(Run, CoreThatCannotBeWritten) {
  options_.path = "/no/such/folder/core";
  auto outcome = run_source("int main() { __builtin_trap(); }");
  EXPECT_EQ(outcome.signal, SIGILL);
  EXPECT_FALSE(outcome.core);
  ASSERT_TRUE(outcome.core_error);
  EXPECT_THAT(outcome.core_error->line(), HasSubstr("/no/such/folder/core"));
}

}  // namespace
}  // namespace inquest::capture
