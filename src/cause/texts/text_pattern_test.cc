#include "cause/texts/text_pattern.h"

#include <gtest/gtest.h>

namespace inquest::cause {
namespace {

TEST(TextPattern, NumbersAndWhatTheyAreWrittenIn) {
  EXPECT_EQ(text_pattern("user 17 left at 12:34:56"), "user # left at #:#:#");
  EXPECT_EQ(text_pattern("Room12 costs 3.50"), "Room# costs #.#");
  EXPECT_EQ(text_pattern("at 0x7f12ab, 0X1F"), "at 0x#, 0x#");
  EXPECT_EQ(text_pattern("no data in it"), "no data in it");
  EXPECT_EQ(text_pattern(""), "");
}

TEST(TextPattern, Identifiers) {
  EXPECT_EQ(text_pattern("id=123e4567-e89b-12d3-a456-426614174000;"), "id=<uuid>;");
  EXPECT_EQ(text_pattern("sha 9f86d081884c7d65"), "sha <hex>");
  EXPECT_EQ(text_pattern("deadbeef"), "deadbeef") << "a word, as far as anybody can tell";
  EXPECT_EQ(text_pattern("token eyJhbGciOiJIUzI1NiIsInR5cCI6"), "token <token>");
  EXPECT_EQ(text_pattern("key qwxzvnmkqwpoeiruytlaksjdhfgzmxnc;"), "key <token>;");
  EXPECT_EQ(text_pattern("ConfigurationOfTheServer2024"), "ConfigurationOfTheServer#");
  EXPECT_EQ(text_pattern("dev 00:1A:2b:3c:4d:5e up"), "dev <mac> up");
}

TEST(TextPattern, AddressesOfMachines) {
  EXPECT_EQ(text_pattern("from 10.0.0.9:8080"), "from <ip>:#");
  EXPECT_EQ(text_pattern("version 1.2.3.4.5"), "version #.#.#.#.#");
  EXPECT_EQ(text_pattern("300.1.1.1"), "#.#.#.#");
  EXPECT_EQ(text_pattern("[fe80::1ff:fe23:4567:890a]"), "[<ip>]");
  EXPECT_EQ(text_pattern("2001:db8:85a3:0:0:8a2e:370:7334"), "<ip>");
  EXPECT_EQ(text_pattern("std::string"), "std::string");
}

TEST(TextPattern, PathsLoseTheirLastPart) {
  EXPECT_EQ(text_pattern("/var/log/game/room-17.log"), "/var/log/game/*.log");
  EXPECT_EQ(text_pattern("open C:\\Game\\maps\\town.map failed"),
            "open C:\\Game\\maps\\*.map failed");
  EXPECT_EQ(text_pattern("/data/2024/07/x"), "/data/#/#/*");
  EXPECT_EQ(text_pattern("/quit now"), "/quit now");
  EXPECT_EQ(text_pattern("either/or/both"), "either/or/both");
  EXPECT_EQ(text_pattern("https://host.example/a/b.html"), "https://host.example/a/*.html");
}

TEST(TextPattern, IsBounded) {
  std::string many;
  for (int i = 0; i < 10000; ++i) many += "and more ";
  EXPECT_LT(text_pattern(many).size(), 200u);
  EXPECT_TRUE(text_pattern(many).ends_with("..."));
  std::string korean;
  for (int i = 0; i < 100; ++i) korean += "\xEA\xB0\x80";
  const std::string cut = text_pattern(korean);
  EXPECT_EQ((cut.size() - 3) % 3, 0u) << "no half a character";
  EXPECT_EQ(text_pattern(std::string(100000, ':')).substr(0, 3), ":::");
  EXPECT_EQ(text_pattern(std::string(100000, '/')).substr(0, 3), "///");
}

}  // namespace
}  // namespace inquest::cause
