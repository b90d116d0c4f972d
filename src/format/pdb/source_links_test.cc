#include "format/pdb/source_links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/mapped_file.h"
#include "format/pdb/named_streams.h"
#include "testkit/shell.h"
#include "testkit/windows_files.h"
#include "testkit/windows_program.h"

namespace inquest::pdb {
namespace {

std::string url_of(const SourceLinks& links, std::string_view file) { return links.find(file).url; }

TEST(SourceLink, TakesTheLongestPrefixAndAWholeNameFirst) {
  auto links = parse_source_link(R"({"documents": {
    "C:\\src\\*": "https://example.com/main/*",
    "C:\\src\\third party\\*": "https://example.com/raw?path=*&version=7",
    "C:\\src\\made.cpp": "https://example.com/made/2f/made.cpp",
    "/home/*/never": "https://example.com/*"
  }})");
  ASSERT_TRUE(links);
  EXPECT_EQ(url_of(*links, "C:\\src\\net\\a.cpp"), "https://example.com/main/net/a.cpp");
  EXPECT_EQ(url_of(*links, "c:/SRC/Net/A.cpp"), "https://example.com/main/Net/A.cpp");
  EXPECT_EQ(url_of(*links, "C:\\src\\third party\\z lib.c"),
            "https://example.com/raw?path=z%20lib.c&version=7");
  EXPECT_EQ(url_of(*links, "C:\\src\\made.cpp"), "https://example.com/made/2f/made.cpp");
  EXPECT_EQ(url_of(*links, "D:\\src\\a.cpp"), "");
  EXPECT_EQ(url_of(*links, "/home/me/never"), "");
  EXPECT_EQ(url_of(*links, ""), "");
}

TEST(SourceLink, RefusesWhatIsNoLink) {
  for (const char* bad :
       {"", "{", "[]", "{}", R"({"documents": 3})", R"({"documents": {}})",
        R"({"documents": {"a": 3}})", R"({"documents": {"a*b": "https://x/*"}})"}) {
    EXPECT_FALSE(parse_source_link(bad)) << bad;
  }
  auto links = parse_source_link(
      "\xef\xbb\xbf{\"documents\": {\"/a/*\": \"javascript:*\", \"/b/*\": \"https://x/\\u001b*\", "
      "\"/c/*\": \"https://x/*\"}}");
  ASSERT_TRUE(links);
  EXPECT_EQ(url_of(*links, "/a/f.cc"), "");
  EXPECT_EQ(url_of(*links, "/b/f.cc"), "");
  EXPECT_EQ(url_of(*links, "/c/\x1b.cc"), "https://x/%1B.cc");
  EXPECT_EQ(url_of(*links, "/c/" + std::string(3000, 'a')), "");
}

constexpr const char* kWebIndex =
    "SRCSRV: ini ------------------------------------------------\r\n"
    "VERSION=2\r\n"
    "VERCTRL=http\r\n"
    "SRCSRV: variables ------------------------------------------\r\n"
    "SRCSRVVERCTRL=http\r\n"
    "HTTP_ALIAS=https://raw.example.com/team/game/4f2a\r\n"
    "HTTP_EXTRACT_TARGET=%http_alias%/%var2%\r\n"
    "SRCSRVTRG=%HTTP_extract_target%\r\n"
    "SRCSRV: source files ---------------------------------------\r\n"
    "c:\\src\\guild.cpp*game/guild.cpp\r\n"
    "c:\\src\\odd.cpp*%http_alias%\r\n"
    "SRCSRV: end ------------------------------------------------\r\n";

TEST(SourceServer, OfTheWebGivesAddresses) {
  auto links = parse_srcsrv(kWebIndex);
  ASSERT_TRUE(links);
  SourcePlace place = links->find("C:\\Src\\Guild.cpp");
  EXPECT_EQ(place.url, "https://raw.example.com/team/game/4f2a/game/guild.cpp");
  EXPECT_EQ(place.command, "");
  EXPECT_TRUE(links->find("c:\\src\\other.cpp").empty());
  // Fields are texts: what looks like a variable in them is none.
  EXPECT_EQ(url_of(*links, "c:\\src\\odd.cpp"),
            "https://raw.example.com/team/game/4f2a/%http_alias%");
}

TEST(SourceServer, GivesTheCommandOfAVersionControl) {
  // The example of Microsoft's description of the language.
  auto links = parse_srcsrv(
      "SRCSRV: ini ---\nVERSION=1\n"
      "SRCSRV: variables ---\n"
      "SDTRG=%targ%\\%var2%\\%fnbksl%(%var3%)\\%var4%\\%fnfile%(%var1%)\n"
      "SRCSRVTRG=%sdtrg%\n"
      "DEPOT=//depot\n"
      "WIN_SDKTOOLS= sserver.example.com:4444\n"
      "SDCMD=sd.exe -p %fnvar%(%var2%) print -o %srcsrvtrg% -q %depot%/%var3%#%var4%\n"
      "SRCSRVCMD=%sdcmd%\n"
      "SRCSRV: source files ---\n"
      "c:\\db\\srcsrv\\shell.cpp*WIN_SDKTOOLS*sdktools/srcsrv/shell.cpp*3\n"
      "SRCSRV: end ---\n");
  ASSERT_TRUE(links);
  SourcePlace place = links->find("c:\\db\\srcsrv\\shell.cpp");
  EXPECT_EQ(place.url, "");
  EXPECT_EQ(place.command,
            "sd.exe -p  sserver.example.com:4444 print -o "
            "%targ%\\WIN_SDKTOOLS\\sdktools\\srcsrv\\shell.cpp\\3\\shell.cpp -q "
            "//depot/sdktools/srcsrv/shell.cpp#3");
}

TEST(SourceServer, FindsTheAddressInACommand) {
  auto index = [](const std::string& command) {
    return "SRCSRV: variables ---\nSRCSRVTRG=%targ%\\f\nSRCSRVCMD=" + command +
           "\nSRCSRV: source files ---\na.cc*https://chromium.example.com/a.cc\n";
  };
  auto one = parse_srcsrv(index("python -c \"fetch('%var2%?format=TEXT')\""));
  ASSERT_TRUE(one);
  EXPECT_EQ(url_of(*one, "a.cc"), "https://chromium.example.com/a.cc?format=TEXT");
  auto two = parse_srcsrv(index("fetch %var2% http://other.example.com/x"));
  ASSERT_TRUE(two);
  EXPECT_EQ(url_of(*two, "a.cc"), "");
  EXPECT_EQ(two->find("a.cc").command,
            "fetch https://chromium.example.com/a.cc http://other.example.com/x");
}

TEST(SourceServer, IsHeldToReason) {
  EXPECT_FALSE(parse_srcsrv(""));
  EXPECT_FALSE(parse_srcsrv("a=b\n"));
  EXPECT_FALSE(parse_srcsrv("SRCSRV: variables ---\nSRCSRVTRG=http://x\n"));
  // Doubling and circles: the text is cut, and an address that is not whole is none.
  std::string bomb = "SRCSRV: variables ---\n";
  for (int i = 0; i < 60; ++i) {
    bomb += fmt::format("V{}=http://xxxxxxxxxxxxxxxx%v{}%%v{}%\n", i, i + 1, i + 1);
  }
  bomb += "SRCSRVTRG=%v0%\nSRCSRVCMD=%srcsrvcmd%%srcsrvcmd%\nSRCSRV: source files ---\na.cc*1\n";
  auto links = parse_srcsrv(bomb);
  ASSERT_TRUE(links);
  SourcePlace place = links->find("a.cc");
  EXPECT_EQ(place.url, "");
  EXPECT_LT(place.command.size(), 20000u);
  auto open = parse_srcsrv(
      "SRCSRV: variables ---\nSRCSRVTRG=http://x/%fnbksl%(%var1%\nSRCSRV: source files ---\na*\n");
  ASSERT_TRUE(open);
  EXPECT_EQ(url_of(*open, "a"), "");
}

TEST(SourceLinks, AreFoundInThePdb) {
  std::string index = kWebIndex;
  index.insert(index.find("c:\\src\\guild"), std::string(3000, '\n'));  // of several blocks
  const std::string file = testkit::pdb_file(
      {.named = {{"/names", "strings"},
                 {"srcsrv", index},
                 {"sourcelink$1", R"({"documents": {"c:\\src\\*": "https://example.com/*"}})"}}});
  auto msf = Msf::open(std::as_bytes(std::span(file)), "a.pdb", nullptr);
  ASSERT_TRUE(msf) << msf.error().line();
  EXPECT_EQ(named_stream(**msf, "/names"), 4u);
  EXPECT_FALSE(named_stream(**msf, "/nam"));
  EXPECT_EQ((*msf)->size(5), index.size());
  std::vector<std::byte> scratch;
  Bytes middle = (*msf)->read(5, 500, 2000, scratch);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(middle.data()), middle.size()),
            std::string_view(index).substr(500, 2000));
  auto links = read_source_links(**msf);
  ASSERT_TRUE(links);
  EXPECT_EQ(url_of(*links, "c:\\src\\guild.cpp"),
            "https://raw.example.com/team/game/4f2a/game/guild.cpp");
  EXPECT_EQ(url_of(*links, "c:\\src\\new.cpp"), "https://example.com/new.cpp");
  const std::string none = testkit::pdb_file({});
  msf = Msf::open(std::as_bytes(std::span(none)), "b.pdb", nullptr);
  ASSERT_TRUE(msf);
  EXPECT_FALSE(read_source_links(**msf));
}

TEST(SourceLinks, OfTheLinkersOwnPdb) {
  testkit::TemporaryFolder folder;
  testkit::write_file(folder.file("link.json"),
                      R"({"documents": {"/*": "https://git.example.com/4f2a/*"}})");
  testkit::write_file(folder.file("srcsrv.txt"), kWebIndex);
  testkit::WindowsProgram program(
      {.link_flags = fmt::format(
           "/pdbstream:sourcelink={0}/link.json /pdbstream:srcsrv={0}/srcsrv.txt", folder.path())});
  if (!program.made()) GTEST_SKIP() << "no clang-19 or lld-19";
  auto file = MappedFile::open(program.pdb());
  ASSERT_TRUE(file);
  auto msf = Msf::open((*file)->bytes(), program.pdb(), *file);
  ASSERT_TRUE(msf) << msf.error().line();
  auto links = read_source_links(**msf);
  ASSERT_TRUE(links);
  EXPECT_EQ(url_of(*links, "/src/game/app.cc"), "https://git.example.com/4f2a/src/game/app.cc");
  EXPECT_EQ(url_of(*links, "c:/src/guild.cpp"),
            "https://raw.example.com/team/game/4f2a/game/guild.cpp");
  EXPECT_EQ(url_of(*links, "relative.cc"), "");
}

}  // namespace
}  // namespace inquest::pdb
