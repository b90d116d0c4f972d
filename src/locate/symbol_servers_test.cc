#include "locate/symbol_servers.h"

#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <thread>

#include "locate/packed_file.h"
#include "locate/test_windows.h"
#include "testkit/http_server.h"

namespace inquest::locate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testkit::HttpServer;
using testkit::TemporaryFolder;
using Files = std::map<std::string, std::string>;

const std::string kPdbFolder = fmt::format("/crash.pdb/{}/", kId);
const std::string kPdbPath = kPdbFolder + "crash.pdb";
const std::string kImagePath = fmt::format("/crash.exe/{}/crash.exe", kImageId);

HttpServer::Reply serve(const Files& files, const std::string& path) {
  auto found = files.find(path);
  if (found == files.end()) return {};
  return {200, found->second};
}

/// A server of these files, a cache, and the module looked up with both.
struct Setting {
  explicit Setting(Files files)
      : server([files](const std::string& path) { return serve(files, path); }) {
    setenv("no_proxy", "127.0.0.1", 1);
  }
  Options options() const {
    return folder_options({fmt::format("srv*{}*{}", cache.path(), server.url())});
  }
  ModuleFiles find() const { return find_windows(windows_snapshot(), options()); }

  TemporaryFolder cache;
  HttpServer server;
};

TEST(SymbolServer, GivesImageAndPdbOnce) {
  Setting setting(Files{{kPdbPath, testkit::pdb_file({})}, {kImagePath, testkit::pe_image({})}});
  ModuleFiles files = setting.find();
  ASSERT_TRUE(files.pdb) << files.note;
  EXPECT_TRUE(files.pe);
  EXPECT_EQ(files.from, setting.server.url() + kPdbPath);
  EXPECT_TRUE(files.warnings.empty());
  EXPECT_EQ(setting.server.requests(), 2);
  EXPECT_TRUE(std::filesystem::exists(setting.cache.path() + kPdbPath));
  ModuleFiles again = setting.find();
  EXPECT_EQ(again.from, setting.cache.path() + kPdbPath);
  EXPECT_EQ(setting.server.requests(), 2);
  // Offline: the cache is a store like any other.
  EXPECT_TRUE(find_windows(windows_snapshot(), folder_options({setting.cache.path()})).pdb);
}

TEST(SymbolServer, KeepsInTheDefaultCacheWhatABareUrlGives) {
  Setting setting(Files{{kPdbPath, testkit::pdb_file({})}});
  Options options = folder_options({setting.server.url() + "/"});
  options.symbol_cache = setting.cache.path();
  EXPECT_TRUE(find_windows(windows_snapshot(), options).pdb);
  options.symbols.clear();
  EXPECT_TRUE(find_windows(windows_snapshot(), options).pdb);
}

TEST(SymbolServer, UnpacksCabinetsAndZips) {
  for (std::string packed :
       {testkit::cabinet("crash.pdb",
                         testkit::pdb_file({.block_size = 4096, .more_streams = 30'000}), true),
        testkit::cabinet("CRASH.PDB", testkit::pdb_file({}), false),
        testkit::zip("crash.pdb", testkit::pdb_file({}))}) {
    Setting setting(Files{{kPdbFolder + "crash.pd_", packed}});
    ModuleFiles files = setting.find();
    ASSERT_TRUE(files.pdb) << files.note;
    EXPECT_EQ(files.from, setting.server.url() + kPdbFolder + "crash.pd_");
    EXPECT_EQ(files.pdb->path(), setting.cache.path() + kPdbPath);
  }
}

TEST(SymbolServer, SaysThatAnArchiveIsDamaged) {
  std::string cab = testkit::cabinet(
      "crash.pdb", testkit::pdb_file({.block_size = 4096, .more_streams = 9000}), true);
  cab.resize(cab.size() / 2);
  Setting setting(Files{{kPdbFolder + "crash.pd_", cab}});
  ModuleFiles files = setting.find();
  EXPECT_FALSE(files.pdb);
  EXPECT_THAT(files.note, HasSubstr("CAB cannot be used"));
}

TEST(SymbolServer, FollowsPointers) {
  TemporaryFolder elsewhere;
  testkit::write_file(elsewhere / "x/crash.pdb", testkit::pdb_file({}));
  Setting local(Files{{kPdbFolder + "file.ptr", "PATH:" + (elsewhere / "x/crash.pdb")}});
  EXPECT_EQ(local.find().from, elsewhere / "x/crash.pdb");
  Setting relative(Files{{kPdbFolder + "file.ptr", "builds/7/crash.pdb"},
                         {"/builds/7/crash.pdb", testkit::pdb_file({})}});
  EXPECT_TRUE(relative.find().pdb);
  Setting share(Files{{kPdbFolder + "file.ptr", "PATH:\\\\server\\builds\\crash.pdb\r\n"}});
  EXPECT_THAT(share.find().note, HasSubstr("\\\\server\\builds\\crash.pdb"));
  Setting message(Files{{kPdbFolder + "file.ptr", "MSG: it was deleted"}});
  EXPECT_THAT(message.find().note, HasSubstr("it was deleted"));
  Setting wrong(Files{{kPdbFolder + "file.ptr", "PATH:/etc/passwd"}});
  EXPECT_FALSE(wrong.find().pdb);
}

TEST(SymbolServer, KnowsTheOtherLayouts) {
  Setting three(Files{{"/index2.txt", "."}, {"/cr" + kPdbPath, testkit::pdb_file({})}});
  EXPECT_TRUE(three.find().pdb);
  Setting lower(Files{{lower_case(kPdbPath), testkit::pdb_file({})}});
  EXPECT_TRUE(lower.find().pdb);
  Setting breakpad(Files{{kPdbFolder + "crash.sym", sym_text()}});
  EXPECT_TRUE(breakpad.find().sym);
}

TEST(SymbolServer, IsNotAskedAgainForWhatItHasNot) {
  Setting setting(Files{});
  ModuleFiles files = setting.find();
  EXPECT_EQ(files.availability, Availability::none);
  ASSERT_EQ(files.warnings.size(), 1u);
  EXPECT_THAT(files.warnings[0].what, HasSubstr("asked in vain: " + setting.server.url()));
  int asked = setting.server.requests();
  EXPECT_GT(asked, 2);
  files = setting.find();
  EXPECT_EQ(setting.server.requests(), asked);
  EXPECT_THAT(files.warnings[0].what, HasSubstr(setting.server.url()));
  // The memory lapses.
  Options options = setting.options();
  options.miss_seconds = -1;
  find_windows(windows_snapshot(), options);
  EXPECT_GT(setting.server.requests(), asked);
}

TEST(SymbolServer, IsRefusedTheWrongFile) {
  Setting setting(Files{{kPdbPath, testkit::pdb_file({.build = {.age = 7}})}});
  ModuleFiles files = setting.find();
  EXPECT_FALSE(files.pdb);
  EXPECT_THAT(files.note, HasSubstr("is of build 3249D99D0C4049318610F4E4FB0B69367"));
  EXPECT_FALSE(std::filesystem::exists(setting.cache.path() + kPdbPath));
  Setting page(Files{{kPdbPath, "<html>please log in</html>"}});
  EXPECT_FALSE(page.find().pdb);
  ASSERT_FALSE(page.find().warnings.empty());
  EXPECT_THAT(page.find().warnings[0].what, HasSubstr("not that file"));
}

TEST(SymbolServer, IsWarnedOfOnceWhenItIsDown) {
  TemporaryFolder cache;
  std::string url;
  {
    url = HttpServer([](const std::string&) { return HttpServer::Reply{}; }).url();
  }
  Locator locator(folder_options({fmt::format("srv*{}*{}", cache.path(), url)}));
  snapshot::Snapshot snapshot = windows_snapshot();
  ModuleFiles first = locator.find(snapshot, snapshot.modules[0]);
  ASSERT_EQ(first.warnings.size(), 2u);
  EXPECT_THAT(first.warnings[0].what, HasSubstr(url + " does not answer"));
  EXPECT_EQ(locator.find(snapshot, snapshot.modules[0]).warnings.size(), 1u);
}

TEST(SymbolServer, NextOneIsAskedWhenOneFails) {
  HttpServer failing{[](const std::string&) { return HttpServer::Reply{500, "no"}; }};
  Setting setting(Files{{kPdbPath, testkit::pdb_file({})}});
  Options options = setting.options();
  options.symbols.insert(options.symbols.begin(),
                         fmt::format("srv*{}*{}", setting.cache.path(), failing.url()));
  ModuleFiles files = find_windows(windows_snapshot(), options);
  EXPECT_TRUE(files.pdb);
  ASSERT_FALSE(files.warnings.empty());
  EXPECT_THAT(files.warnings[0].what, HasSubstr("500"));
}

TEST(SymbolServer, TransferGoesOnWhereItWasCut) {
  std::string pdb = testkit::pdb_file({.block_size = 4096, .more_streams = 50'000});
  TemporaryFolder cache;
  std::vector<size_t> ranges;
  HttpServer server{[&](const HttpServer::Request& request) -> HttpServer::Reply {
    if (request.path != kPdbPath) return {};
    ranges.push_back(request.range);
    size_t until = std::min(pdb.size(), request.range + pdb.size() / 3);
    HttpServer::Reply reply{.status = request.range ? 206 : 200,
                            .body = pdb.substr(request.range, until - request.range),
                            .missing = pdb.size() - until,
                            .headers = "ETag: \"1\"\r\n"};
    return reply;
  }};
  ModuleFiles files = find_windows(
      windows_snapshot(), folder_options({fmt::format("srv*{}*{}", cache.path(), server.url())}));
  ASSERT_TRUE(files.pdb) << files.note;
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(files.pdb->bytes().data()),
                        files.pdb->bytes().size()),
            pdb);
  EXPECT_EQ(ranges.size(), 4u);
  EXPECT_EQ(ranges[1], pdb.size() / 3);
}

TEST(SymbolServer, TransferStartsOverWhenTheFileChanged) {
  std::string pdb = testkit::pdb_file({.block_size = 4096, .more_streams = 50'000});
  TemporaryFolder cache;
  int asked = 0;
  HttpServer server{[&](const HttpServer::Request& request) -> HttpServer::Reply {
    if (request.path != kPdbPath) return {};
    if (asked++ == 0) return {200, std::string(5000, 'x'), 100, "ETag: \"old\"\r\n"};
    return {.status = 200, .body = pdb, .headers = "ETag: \"new\"\r\n"};
  }};
  ModuleFiles files = find_windows(
      windows_snapshot(), folder_options({fmt::format("srv*{}*{}", cache.path(), server.url())}));
  EXPECT_TRUE(files.pdb) << files.note;
  EXPECT_EQ(asked, 2);
}

TEST(SymbolServer, CutTransferLeavesNothing) {
  TemporaryFolder cache;
  HttpServer server{[&](const HttpServer::Request& request) -> HttpServer::Reply {
    if (request.path != kPdbPath) return {};
    return {200, testkit::pdb_file({}), 1000};
  }};
  ModuleFiles files = find_windows(
      windows_snapshot(), folder_options({fmt::format("srv*{}*{}", cache.path(), server.url())}));
  EXPECT_FALSE(files.pdb);
  EXPECT_THAT(files.note, HasSubstr("cut"));
  EXPECT_TRUE(std::filesystem::is_empty(cache.path() + kPdbFolder));
}

TEST(SymbolServer, BusyOneIsAskedAgain) {
  TemporaryFolder cache;
  int asked = 0;
  HttpServer server{[&](const HttpServer::Request& request) -> HttpServer::Reply {
    if (request.path != kPdbPath) return {};
    if (asked++ < 2) return {503, "busy"};
    return {200, testkit::pdb_file({})};
  }};
  EXPECT_TRUE(find_windows(windows_snapshot(),
                           folder_options({fmt::format("srv*{}*{}", cache.path(), server.url())}))
                  .pdb);
}

TEST(SymbolServer, DownloadsSeveralAtOnceAndNoneTwice) {
  TemporaryFolder cache;
  HttpServer server{[&](const HttpServer::Request& request) -> HttpServer::Reply {
    HttpServer::Reply reply{.status = 200, .body = testkit::pdb_file({}), .delay_ms = 200};
    if (request.path.find(".exe") != std::string::npos) return {};
    return reply;
  }};
  SymbolServers servers({{.url = server.url(), .caches = {cache.path()}}}, 60, {});
  std::atomic<int> got = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        auto key = pdb_key(fmt::format("m{}.pdb", i % 4), kId);
        got += !servers.fetch(*key, [](auto&) { return std::string(); }).path.empty();
      });
    }
  }
  EXPECT_EQ(got, 8);
  EXPECT_EQ(server.requests(), 4);
  EXPECT_GE(server.most_at_once(), 2);
}

TEST(SymbolServer, IsAskedWithEscapes) {
  TemporaryFolder cache;
  HttpServer server{[](const std::string&) { return HttpServer::Reply{}; }};
  SymbolServers servers({{.url = server.url(), .caches = {cache.path()}}}, 60, {});
  servers.fetch(*pdb_key("my game?#%.pdb", kId), [](auto&) { return std::string(); });
  EXPECT_EQ(server.paths().at(0),
            fmt::format("/my%20game%3F%23%25.pdb/{}/my%20game%3F%23%25.pdb", kId));
}

TEST(SymbolServer, AsksNobodyForLocalFilesOnly) {
  Setting setting(Files{{kPdbPath, testkit::pdb_file({})}});
  Locator locator(setting.options());
  snapshot::Snapshot snapshot = windows_snapshot();
  ModuleFiles files = locator.find_local(snapshot, snapshot.modules[0]);
  EXPECT_FALSE(files.pdb);
  EXPECT_TRUE(files.warnings.empty());
  EXPECT_EQ(setting.server.requests(), 0);
  EXPECT_TRUE(locator.has_servers());
}

TEST(LocalStore, UnpacksAndFollows) {
  TemporaryFolder store, cache;
  testkit::write_file(store.path() + kPdbFolder + "crash.pd_",
                      testkit::cabinet("crash.pdb", testkit::pdb_file({}), true));
  testkit::write_file(store.path() + fmt::format("/crash.exe/{}/file.ptr", kImageId),
                      "PATH:builds/crash.exe");
  testkit::write_file(store / "builds/crash.exe", testkit::pe_image({}));
  testkit::write_file(store / "pingme.txt", "");
  Options options = folder_options({store.path()});
  options.symbol_cache = cache.path();
  ModuleFiles files = find_windows(windows_snapshot(), options);
  ASSERT_TRUE(files.pdb) << files.note;
  EXPECT_EQ(files.pdb->path(), cache.path() + kPdbPath);
  EXPECT_TRUE(files.pe);
}

TEST(PackedFile, IsReadByTheWitnessToo) {
  TemporaryFolder folder;
  std::string content = testkit::pdb_file({.block_size = 4096, .more_streams = 20'000});
  testkit::write_file(folder / "a.pd_", testkit::cabinet("a.pdb", content, true));
  testkit::write_file(folder / "a.zip", testkit::zip("a.pdb", content));
  if (testkit::has_tool("cabextract")) {
    EXPECT_TRUE(testkit::run("cabextract -q -d " + (folder / "out") + " " + (folder / "a.pd_")));
    EXPECT_EQ(testkit::read_text(folder / "out/a.pdb"), content);
  }
  EXPECT_TRUE(testkit::run("python3 -m zipfile -t " + (folder / "a.zip")));
}

TEST(PackedFile, HoldsToItsLimit) {
  TemporaryFolder folder;
  std::string content(1 << 20, 'a');
  for (const std::string& packed :
       {testkit::cabinet("a", content, true), testkit::zip("a", content)}) {
    int out = open((folder / "out").c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
    auto done = unpack_file(std::as_bytes(std::span(packed)), "a", out, 1000, "a.zip");
    close(out);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("more than 1000"));
  }
}

}  // namespace
}  // namespace inquest::locate
