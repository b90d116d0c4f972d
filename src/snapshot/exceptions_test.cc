#include "snapshot/exceptions.h"

#include <gtest/gtest.h>

namespace inquest::snapshot {
namespace {

std::string words(uint32_t code, std::vector<uint64_t> parameters = {}, Os os = Os::windows) {
  return exception_words({.exception = code, .parameters = std::move(parameters)}, os);
}

TEST(Exceptions, HaveWords) {
  EXPECT_EQ(words(0xc0000005, {1, 0x24}), "0xc0000005 access violation writing 0x24");
  EXPECT_EQ(words(0xc0000005, {0, 0}), "0xc0000005 access violation reading 0x0");
  EXPECT_EQ(words(0xc0000005, {8, 0x10}), "0xc0000005 access violation executing 0x10");
  EXPECT_EQ(words(0xc0000005), "0xc0000005 access violation");
  EXPECT_EQ(words(0xc0000005, {0, UINT64_MAX}),
            "0xc0000005 access violation at an address that is not canonical (not told)");
  EXPECT_EQ(words(0xc0000006, {0, 0x5000, 0xc000009c}),
            "0xc0000006 in-page error reading 0x5000 (status 0xc000009c)");
  EXPECT_EQ(words(0xc0000409, {7}),
            "0xc0000409 fail fast 7: the program ended itself (abort, terminate)");
  EXPECT_EQ(words(0xc0000409, {999}), "0xc0000409 fail fast 999");
  EXPECT_EQ(words(0xe06d7363, {0x19930520, 1, 2}), "0xe06d7363 C++ exception");
  EXPECT_EQ(words(0x12345678), "0x12345678");
  EXPECT_EQ(words(1, {1, 2}, Os::macos), "0x1 bad access");
}

}  // namespace
}  // namespace inquest::snapshot
