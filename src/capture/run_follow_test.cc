/// `run`: exec, a leader that ends first, children.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "capture/test_run.h"

namespace inquest::capture {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

TEST_F(Run, ScriptThatExecs) {
  std::string path = program("int main() { __builtin_trap(); }");
  auto outcome = run_it({"sh", "-c", "true; exec '" + path + "'"});
  EXPECT_EQ(outcome.signal, SIGILL);
  ASSERT_TRUE(outcome.core);
  EXPECT_THAT(gdb("-ex bt"), ContainsRegex("#0 .*main"));
}

TEST_F(Run, ExecFromAnotherThread) {
  auto outcome = run_source(R"(
    #include <thread>
    #include <unistd.h>
    int main(int argc, char** argv) {
      if (argc > 1) __builtin_trap();
      std::thread([&] { execl(argv[0], argv[0], "again", nullptr); }).join(); })");
  EXPECT_EQ(outcome.signal, SIGILL);
  ASSERT_TRUE(outcome.core);
  EXPECT_EQ(outcome.core->threads, 1u);
}

TEST_F(Run, LeaderThatEndedFirst) {
  auto outcome = run_source(R"(
    #include <pthread.h>
    #include <thread>
    #include <unistd.h>
    void die() { usleep(50000); __builtin_trap(); }
    int main() { std::thread(die).detach(); pthread_exit(nullptr); })");
  EXPECT_EQ(outcome.signal, SIGILL);
  ASSERT_TRUE(outcome.core) << (outcome.core_error ? outcome.core_error->line() : "");
  EXPECT_THAT(gdb("-ex bt"), HasSubstr("die"));
}

TEST_F(Run, ChildrenAreLetGo) {
  std::string path = program("int main() { __builtin_trap(); }");
  auto outcome = run_it({"sh", "-c", "ulimit -c 0; '" + path + "'; exit $?"});
  EXPECT_EQ(outcome.exit_status, 128 + SIGILL);
  EXPECT_FALSE(outcome.core);
  ASSERT_EQ(outcome.warnings.size(), 1u);
  EXPECT_THAT(outcome.warnings[0].what, HasSubstr("child"));
}

TEST_F(Run, ChildrenAreFollowedOnDemand) {
  std::string path = program("int main() { __builtin_trap(); }");
  options_.follow_children = true;
  auto outcome = run_it({"sh", "-c", "'" + path + "'; '" + path + "'; exit 4"});
  EXPECT_EQ(outcome.exit_status, 4);
  EXPECT_FALSE(outcome.core);
  ASSERT_EQ(outcome.child_cores.size(), 2u);
  for (const auto& core : outcome.child_cores) {
    EXPECT_EQ(core.path, core_ + "." + std::to_string(core.pid));
    EXPECT_THAT(gdb("-ex bt", core.path), ContainsRegex("#0 .*main"));
  }
}

}  // namespace
}  // namespace inquest::capture
