#include "cause/process.h"

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "locate/test_windows.h"
#include "testkit/http_server.h"

namespace inquest::cause {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testkit::HttpServer;

/// Two modules; the only thread is in the first.
snapshot::Snapshot two_modules() {
  snapshot::Snapshot snapshot = locate::windows_snapshot();
  snapshot::Module other = snapshot.modules[0];
  other.path = "C:\\game\\other.dll";
  other.range = {{0x180000000}, {0x180009000}};
  other.identity.debug_file = "other.pdb";
  snapshot.modules.push_back(other);
  snapshot::Thread thread{.id = 1, .registers = snapshot::Registers(snapshot::Arch::x86_64)};
  thread.registers.set_pc({0x140001010});
  thread.registers.set_sp({0x10000});
  thread.crashed = true;
  snapshot.threads.push_back(thread);
  return snapshot;
}

TEST(Process, AsksServersForTheModulesOnStacksOnly) {
  setenv("no_proxy", "127.0.0.1", 1);
  testkit::TemporaryFolder cache;
  HttpServer server{[](const std::string& path) -> HttpServer::Reply {
    if (path.ends_with("crash.pdb")) return {200, testkit::pdb_file({})};
    if (path.ends_with("crash.exe")) return {200, testkit::pe_image({})};
    return {};
  }};
  Options options{
      .locate = locate::folder_options({fmt::format("srv*{}*{}", cache.path(), server.url())})};
  auto process = Process::open(two_modules(), options);
  const auto& modules = process->snapshot().modules;
  EXPECT_TRUE(process->files(modules[0]).pdb);
  EXPECT_TRUE(process->files(modules[0]).pe);
  EXPECT_FALSE(process->files(modules[1]).pdb);
  EXPECT_EQ(process->stacks().size(), 1u);
  EXPECT_THAT(server.paths(), Each(Not(HasSubstr("other"))));
  EXPECT_EQ(server.requests(), 2);
  // What was not asked for is no reason to warn.
  for (const Warning& warning : process->warnings()) {
    EXPECT_THAT(warning.what, Not(HasSubstr("other.dll")));
  }
}

TEST(Process, GoesOnWithoutAServerThatIsDown) {
  testkit::TemporaryFolder cache;
  std::string url;
  {
    url = HttpServer([](const std::string&) { return HttpServer::Reply{}; }).url();
  }
  Options options{.locate = locate::folder_options({fmt::format("srv*{}*{}", cache.path(), url)})};
  auto process = Process::open(two_modules(), options);
  EXPECT_EQ(process->stacks().size(), 1u);
  int told = 0;
  for (const Warning& warning : process->warnings())
    told += warning.what.find(url) != std::string::npos;
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace inquest::cause
