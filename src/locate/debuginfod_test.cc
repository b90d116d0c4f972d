#include "locate/debuginfod.h"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sstream>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "locate/identity.h"
#include "locate/test_builds.h"
#include "testkit/http_server.h"

namespace inquest::locate {
namespace {

using testing::HasSubstr;
using testkit::HttpServer;
using testkit::TemporaryFolder;

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Options with_server(const std::string& url, const TemporaryFolder& cache) {
  setenv("no_proxy", "127.0.0.1", 1);
  Options options;
  options.system_paths = false;
  options.servers = {url};
  options.cache = cache.path();
  return options;
}

/// Serves the build "app" under its own build id, or under another's when told.
struct Store {
  explicit Store(const snapshot::Snapshot& snapshot)
      : prefix("/buildid/" + snapshot.modules[0].identity.text()) {}
  HttpServer::Reply operator()(const std::string& path) const {
    if (path == prefix + "/debuginfo") return {200, content(Builds::get()->folder() / debug)};
    if (path == prefix + "/executable") return {200, content(Builds::get()->folder() / "stripped")};
    return {};
  }
  std::string prefix;
  std::string debug = "app.debug";
};

TEST(DebuginfodClient, FetchesImageAndDebugFileOnce) {
  SKIP_WITHOUT_COMPILER();
  TemporaryFolder cache;
  snapshot::Snapshot snapshot = snapshot_of("app", "/gone/app");
  std::string id = snapshot.modules[0].identity.text();
  HttpServer server{Store(snapshot)};
  Options options = with_server(server.url() + "/", cache);
  uint64_t most = 0;
  options.progress = [&](std::string_view, uint64_t done, uint64_t) {
    most = std::max(most, done);
  };
  ModuleFiles files = find_with(snapshot, options);
  EXPECT_EQ(files.availability, Availability::full) << files.note;
  EXPECT_TRUE(files.image);
  EXPECT_THAT(files.from, HasSubstr("/debuginfo"));
  EXPECT_THAT(files.from, HasSubstr("http://"));
  EXPECT_GT(most, 1000u);
  EXPECT_EQ(server.requests(), 2);
  EXPECT_EQ(server.connections(), 1);
  // The layout that libdebuginfod shares, and no temporary file left.
  std::vector<std::string> names;
  for (auto& entry : std::filesystem::directory_iterator(cache / id)) {
    names.push_back(entry.path().filename().string());
    EXPECT_EQ(static_cast<int>(entry.status().permissions()), 0400);
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre("debuginfo", "executable"));

  ModuleFiles again = find_with(snapshot, options);
  EXPECT_EQ(again.availability, Availability::full);
  EXPECT_EQ(again.from, cache / id + "/debuginfo");
  options.servers.clear();
  EXPECT_EQ(find_with(snapshot, options).availability, Availability::full);
  EXPECT_EQ(server.requests(), 2);
}

TEST(DebuginfodClient, RemembersThatNoServerHasIt) {
  SKIP_WITHOUT_COMPILER();
  TemporaryFolder cache;
  snapshot::Snapshot snapshot = snapshot_of("app", "/gone/app");
  HttpServer server{[](const std::string&) { return HttpServer::Reply{}; }};
  Options options = with_server(server.url(), cache);
  EXPECT_EQ(find_with(snapshot, options).availability, Availability::none);
  EXPECT_EQ(server.requests(), 2);
  std::string mark = cache / snapshot.modules[0].identity.text() + "/debuginfo";
  struct stat status{};
  ASSERT_EQ(stat(mark.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0u);
  EXPECT_EQ(status.st_size, 0);
  EXPECT_EQ(find_with(snapshot, options).availability, Availability::none);
  EXPECT_EQ(server.requests(), 2);
  // The memory lapses.
  testkit::write_file(cache / "cache_miss_s", "60");
  timespec old[2] = {{.tv_sec = time(nullptr) - 100}, {.tv_sec = time(nullptr) - 100}};
  ASSERT_EQ(utimensat(AT_FDCWD, mark.c_str(), old, 0), 0);
  EXPECT_EQ(find_with(snapshot, options).availability, Availability::none);
  EXPECT_EQ(server.requests(), 3);
}

TEST(DebuginfodClient, RefusesTheWrongFile) {
  SKIP_WITHOUT_COMPILER();
  TemporaryFolder cache;
  snapshot::Snapshot snapshot = snapshot_of("app", "/gone/app");
  Store store(snapshot);
  store.debug = "other.debug";
  HttpServer server{store};
  ModuleFiles files = find_with(snapshot, with_server(server.url(), cache));
  EXPECT_FALSE(files.debug);
  EXPECT_THAT(files.note, HasSubstr(server.url() + " gave no debuginfo"));
  EXPECT_THAT(files.note, HasSubstr("is not that file: it has build id"));
  EXPECT_FALSE(std::filesystem::exists(cache / snapshot.modules[0].identity.text() + "/debuginfo"));
}

TEST(DebuginfodClient, KeepsNothingOfABrokenTransfer) {
  SKIP_WITHOUT_COMPILER();
  TemporaryFolder cache;
  snapshot::Snapshot snapshot = snapshot_of("app", "/gone/app");
  HttpServer server{
      [](const std::string&) { return HttpServer::Reply{200, std::string(5000, 'x'), 100}; }};
  ModuleFiles files = find_with(snapshot, with_server(server.url(), cache));
  EXPECT_EQ(files.availability, Availability::none);
  EXPECT_THAT(files.note, HasSubstr(server.url()));
  EXPECT_TRUE(std::filesystem::is_empty(cache / snapshot.modules[0].identity.text()));
}

TEST(DebuginfodClient, AsksTheNextServer) {
  SKIP_WITHOUT_COMPILER();
  TemporaryFolder cache;
  snapshot::Snapshot snapshot = snapshot_of("app", "/gone/app");
  HttpServer failing{[](const std::string&) { return HttpServer::Reply{500, "no"}; }};
  HttpServer empty{[](const std::string&) { return HttpServer::Reply{}; }};
  HttpServer server{Store(snapshot)};
  Options options = with_server(empty.url(), cache);
  options.servers.push_back(server.url());
  options.symbols = {failing.url()};  // URLs among the folders are servers, asked first
  EXPECT_EQ(find_with(snapshot, options).availability, Availability::full);
  EXPECT_EQ(failing.requests(), 2);
}

TEST(DebuginfodClient, AsksAnUnreachableServerOnce) {
  SKIP_WITHOUT_COMPILER();
  TemporaryFolder cache;
  std::string url;
  {
    url = HttpServer([](const std::string&) { return HttpServer::Reply{}; }).url();
  }
  snapshot::Snapshot snapshot = snapshot_of("app", "/gone/app");
  ModuleFiles files = find_with(snapshot, with_server(url, cache));
  EXPECT_EQ(files.availability, Availability::none);
  ASSERT_EQ(files.warnings.size(), 2u);  // of the server once, of the missing file
  EXPECT_THAT(files.warnings[0].what, HasSubstr(url + " does not answer"));
}

TEST(DebuginfodClient, HoldsToTheLargestSize) {
  SKIP_WITHOUT_COMPILER();
  TemporaryFolder cache;
  snapshot::Snapshot snapshot = snapshot_of("app", "/gone/app");
  HttpServer server{Store(snapshot)};
  setenv("DEBUGINFOD_MAXSIZE", "100", 1);
  ModuleFiles files = find_with(snapshot, with_server(server.url(), cache));
  unsetenv("DEBUGINFOD_MAXSIZE");
  EXPECT_EQ(files.availability, Availability::none);
  EXPECT_THAT(files.note, HasSubstr("DEBUGINFOD_MAXSIZE"));
}

TEST(DebuginfodClient, AsksNobodyForLocalFilesOnly) {
  SKIP_WITHOUT_COMPILER();
  TemporaryFolder cache;
  snapshot::Snapshot snapshot = snapshot_of("app", "/gone/app");
  HttpServer server{Store(snapshot)};
  Locator locator(with_server(server.url(), cache));
  EXPECT_EQ(locator.find_local(snapshot, snapshot.modules[0]).availability, Availability::none);
  EXPECT_EQ(server.requests(), 0);
  EXPECT_EQ(locator.find(snapshot, snapshot.modules[0]).availability, Availability::full);
  EXPECT_EQ(locator.find_local(snapshot, snapshot.modules[0]).availability, Availability::full);
}

/// Debian's own server, and Debian's own client on the cache that we filled.
TEST(DebuginfodClient, WorksWithTheRealServerAndClient) {
  SKIP_WITHOUT_COMPILER();
  if (!testkit::has_tool("debuginfod") || !testkit::has_tool("debuginfod-find")) {
    GTEST_SKIP() << "no debuginfod here";
  }
  TemporaryFolder store, cache;
  put("app", store / "app");
  // A free port of a moment ago: the server cannot be told to take any.
  std::string url;
  {
    url = HttpServer([](const std::string&) { return HttpServer::Reply{}; }).url();
  }
  std::string port = url.substr(url.rfind(':') + 1);
  pid_t child = fork();
  if (child == 0) {
    if (!std::freopen("/dev/null", "w", stdout) || !std::freopen("/dev/null", "w", stderr)) {
      _exit(1);
    }
    execlp("debuginfod", "debuginfod", "-F", "-d", ":memory:", "-p", port.c_str(),
           store.path().c_str(), nullptr);
    _exit(1);
  }
  snapshot::Snapshot snapshot = snapshot_of("app", "/gone/app");
  ModuleFiles files;
  // A busy machine lets the server scan for long.
  for (int tries = 0; tries < 600 && files.availability != Availability::full; ++tries) {
    usleep(100'000);
    std::filesystem::remove_all(cache / snapshot.modules[0].identity.text());
    files = find_with(snapshot, with_server(url, cache));
  }
  kill(child, SIGTERM);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(files.availability, Availability::full) << files.note;
  // The server is gone: the client finds the file in the cache.
  EXPECT_TRUE(testkit::run("DEBUGINFOD_URLS=" + url + " DEBUGINFOD_CACHE_PATH=" + cache.path() +
                           " debuginfod-find executable " + snapshot.modules[0].identity.text()));
}

TEST(Options, ReadsTheEnvironment) {
  setenv("INQUEST_SYMBOL_PATH", "/a:/b https://s.example:8002/x;http://t.example /c", 1);
  setenv("DEBUGINFOD_URLS", "https://one.example/ ima:ignore http://two.example", 1);
  setenv("DEBUGINFOD_CACHE_PATH", "/cache", 1);
  Options options = Options::from_environment();
  EXPECT_THAT(options.symbols, testing::ElementsAre("/a", "/b", "https://s.example:8002/x",
                                                    "http://t.example", "/c"));
  EXPECT_THAT(options.servers, testing::ElementsAre("https://one.example/", "http://two.example"));
  EXPECT_EQ(options.cache, "/cache");
  unsetenv("DEBUGINFOD_CACHE_PATH");
  setenv("XDG_CACHE_HOME", "/xdg", 1);
  EXPECT_EQ(Options::from_environment().cache, "/xdg/debuginfod_client");
  for (const char* name : {"INQUEST_SYMBOL_PATH", "DEBUGINFOD_URLS", "XDG_CACHE_HOME"}) {
    unsetenv(name);
  }
}

}  // namespace
}  // namespace inquest::locate
