#include "locate/symbol_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace inquest::locate {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SymbolPath, TellsFoldersFromServers) {
  SymbolPath path = parse_symbol_path({"/a/", "https://s.example/x/", "/b"}, "/default");
  EXPECT_THAT(path.folders, ElementsAre("/a", "/default", "/b"));
  EXPECT_THAT(path.servers, ElementsAre(ServerEntry{"https://s.example/x", {"/default"}, true}));
}

TEST(SymbolPath, ReadsChains) {
  SymbolPath path = parse_symbol_path({"SRV*/near*/far*https://a.example/", "srv**http://b.example",
                                       "symsrv*symsrv.dll*/c*http://c.example", "srv*/store"},
                                      "/default");
  EXPECT_THAT(path.folders, ElementsAre("/near", "/far", "/default", "/c", "/store"));
  EXPECT_THAT(path.servers, ElementsAre(ServerEntry{"https://a.example", {"/near", "/far"}, false},
                                        ServerEntry{"http://b.example", {"/default"}, false},
                                        ServerEntry{"http://c.example", {"/c"}, false}));
}

TEST(SymbolPath, TakesMicrosoftsServerForAnEmptyChain) {
  for (const char* text : {"srv*", "SRV**"}) {
    SymbolPath path = parse_symbol_path({text}, "/default");
    ASSERT_EQ(path.servers.size(), 1u) << text;
    EXPECT_EQ(path.servers[0].url, "https://msdl.microsoft.com/download/symbols");
  }
  EXPECT_THAT(parse_symbol_path({"srv*/only"}, "/default").servers, IsEmpty());
}

TEST(SymbolPath, PutsACacheBeforeWhatFollows) {
  SymbolPath path =
      parse_symbol_path({"http://a.example", "cache*/mine", "http://b.example"}, "/default");
  EXPECT_THAT(path.servers, ElementsAre(ServerEntry{"http://a.example", {"/default"}, true},
                                        ServerEntry{"http://b.example", {"/mine"}, true}));
}

TEST(SymbolPath, IsSplit) {
  EXPECT_THAT(split_symbol_path("/a:/b https://s.example:8002/x;srv*/c*http://t:1/;/d:http://u:2"),
              ElementsAre("/a", "/b", "https://s.example:8002/x", "srv*/c*http://t:1/", "/d",
                          "http://u:2"));
  EXPECT_THAT(split_windows_symbol_path(
                  "C:\\symbols;SRV*C:\\cache*https://a.example; /home/me/sym ;\\\\server\\share;"),
              ElementsAre("SRV*C:\\cache*https://a.example", "/home/me/sym"));
  SymbolPath path = parse_symbol_path({"SRV*C:\\cache*https://a.example"}, "/default");
  EXPECT_THAT(path.servers, ElementsAre(ServerEntry{"https://a.example", {"/default"}, false}));
}

}  // namespace
}  // namespace inquest::locate
