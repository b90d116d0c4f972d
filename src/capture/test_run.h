/// For tests: compiles a program, runs it under `run`, and asks gdb and readelf about the core.
#pragma once

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "capture/capture.h"
#include "testkit/process.h"

namespace inquest::capture {

class Run : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testkit::can_ptrace()) GTEST_SKIP() << "ptrace is not permitted here";
  }
  std::string program(std::string_view source, std::string_view options = "-O0 -g -pthread") {
    std::string path = folder_.file("program");
    std::string complaint = testkit::compile_program(path, source, options);
    EXPECT_EQ(complaint, "");
    return path;
  }
  RunOutcome run_it(const std::vector<std::string>& argv) {
    auto outcome = run(argv, options_);
    EXPECT_TRUE(outcome) << outcome.error().line();
    return outcome ? *std::move(outcome) : RunOutcome{};
  }
  RunOutcome run_source(std::string_view source, std::string_view options = "-O0 -g -pthread") {
    return run_it({program(source, options)});
  }
  /// What gdb says to `command` about the core.
  std::string gdb(const std::string& command, const std::string& core) {
    return testkit::run_command("gdb -nx -batch -ex 'set pagination off' " + command + " '" +
                                folder_.file("program") + "' '" + core + "'")
        .output;
  }
  std::string gdb(const std::string& command) { return gdb(command, core_); }
  std::string readelf(const std::string& what) {
    return testkit::run_command("readelf -W " + what + " '" + core_ + "'").output;
  }

  testkit::TemporaryFolder folder_;
  std::string core_ = folder_.file("core");
  CoreOptions options_{.path = core_};
};

}  // namespace inquest::capture
