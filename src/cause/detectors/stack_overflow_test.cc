#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cause/detectors/detectors.h"
#include "cause/test_process.h"

namespace inquest::cause {
namespace {

constexpr uint64_t kStack = 0x7ffc00000000, kStackSize = 0x20000;

std::unique_ptr<Process> patient(uint64_t sp, uint64_t fault, int code = 1, bool guard = false) {
  DeadProcess process;
  process.map(kStack, std::vector<std::byte>(kStackSize), "rw-", "[stack]");
  if (guard) process.reserve(kStack - 0x1000, 0x1000);
  process.map(0x500000, std::vector<std::byte>(0x1000));
  process.thread(4000, "patient", {{"rip", 0x401000}, {"rsp", sp}}, true);
  process.signal(11, code, fault);
  return process.open();
}

TEST(StackOverflow, PushBelowTheStack) {
  auto findings = detect_stack_overflow(*patient(kStack, kStack - 8));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].kind, answer::Kind::stack_overflow);
  EXPECT_THAT(findings[0].summary, testing::HasSubstr("128 KiB stack"));
}

TEST(StackOverflow, IntoTheGuardPage) {
  EXPECT_EQ(detect_stack_overflow(*patient(kStack - 40, kStack - 40, 2, true)).size(), 1u);
}

TEST(StackOverflow, NotAWildPointerJustBelow) {
  // The stack pointer is in the middle of the stack: it has nothing to do with the fault.
  EXPECT_TRUE(detect_stack_overflow(*patient(kStack + 0x10000, kStack - 8)).empty());
}

TEST(StackOverflow, NotANullPointer) {
  EXPECT_TRUE(detect_stack_overflow(*patient(kStack + 8, 0)).empty());
}

TEST(StackOverflow, NotASignalThatWasSent) {
  EXPECT_TRUE(detect_stack_overflow(*patient(kStack, kStack - 8, 0)).empty());
}

}  // namespace
}  // namespace inquest::cause
