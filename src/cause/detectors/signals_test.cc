// Signals that say by themselves what for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cause/detectors/detectors.h"
#include "cause/test_process.h"

namespace inquest::cause {
namespace {

using testing::HasSubstr;

constexpr uint64_t kPatientCode = 0x401000, kPatientStack = 0x700000, kPages = 0x7fa222400000;

/// A thread that stands at `mov eax, [rdi]`, rdi at kPages, when the signal comes.
std::unique_ptr<Process> died_of(int signal, int code, std::optional<uint64_t> address,
                                 std::optional<int32_t> sender, std::string file = "") {
  ByteBuilder text;
  for (unsigned b : {0x8bu, 0x07u, 0xc3u}) text.u8(static_cast<uint8_t>(b));
  DeadProcess process;
  process.map(kPatientCode, text.take(), "r-x").map(kPatientStack, std::vector<std::byte>(0x1000));
  if (!file.empty()) process.reserve(kPages, 0x200000, "rw-", std::move(file));
  process.thread(4000, "patient",
                 {{"rip", kPatientCode}, {"rsp", kPatientStack + 0x800}, {"rdi", kPages}}, true);
  process.signal(signal, code, address, sender);
  return process.open();
}

TEST(Killed, ByALimitThatTheKernelReportsInTheProcessesOwnName) {
  auto findings = detect_killed(*died_of(25, 0, {}, 4000));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].kind, answer::Kind::killed);
  EXPECT_THAT(findings[0].summary, HasSubstr("RLIMIT_FSIZE"));
  // Of another process it is that one's doing.
  findings = detect_killed(*died_of(25, 0, {}, 17));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].summary, HasSubstr("Process 17"));
}

TEST(BusError, OfHugePagesIsNotAFileCutShort) {
  auto findings = detect_bus_error(*died_of(7, 2, kPages, {}, "/anon_hugepage (deleted)"));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].summary, HasSubstr("no huge page"));
  findings = detect_bus_error(*died_of(7, 2, kPages, {}, "/srv/map.dat"));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].summary, HasSubstr("cut short"));
}

TEST(Division, FloatingPointTrapsHaveNames) {
  auto summary = [](int code) {
    auto findings = detect_divide_by_zero(*died_of(8, code, kPatientCode, {}));
    return findings.empty() ? "" : findings[0].summary;
  };
  EXPECT_THAT(summary(3), HasSubstr("division by zero"));
  EXPECT_THAT(summary(4), HasSubstr("overflow"));
  EXPECT_THAT(summary(7), HasSubstr("0/0"));
  EXPECT_EQ(summary(8), "");
}

}  // namespace
}  // namespace inquest::cause
