#include "ingest/ingest.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <lz4frame.h>
#include <unistd.h>
#include <zstd.h>

#include "testkit/elf_core.h"

namespace inquest::ingest {
namespace {

class Ingest : public testing::Test {
 protected:
  ~Ingest() override { std::filesystem::remove(path_); }

  Result<snapshot::Snapshot> open_bytes(std::span<const std::byte> bytes) {
    std::ofstream out(path_, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    out.close();
    return open(path_);
  }
  Result<snapshot::Snapshot> open_text(std::string_view text) {
    return open_bytes(std::as_bytes(std::span(text.data(), text.size())));
  }

  std::string path_ = testing::TempDir() + "inquest_ingest_" + std::to_string(getpid());
};

std::vector<std::byte> some_core() {
  testkit::CoreBuilder builder(testkit::ElfArch::x64);
  builder.thread({.id = 5, .signal = 11}).process(5, "lobby", "./lobby").signal({});
  std::vector<std::byte> memory(2 << 20);
  uint32_t random = 1;
  for (std::byte& b : memory) b = static_cast<std::byte>((random = random * 1664525 + 1) >> 24);
  builder.memory(0x10000, memory);
  return builder.build();
}

TEST_F(Ingest, OpensPlainAndPackedCores) {
  auto core = some_core();
  ASSERT_TRUE(open_bytes(core));
  std::vector<std::byte> packed(core.size() + 4096);
  packed.resize(ZSTD_compress(packed.data(), packed.size(), core.data(), core.size(), 1));
  auto unpacked = open_bytes(packed);
  ASSERT_TRUE(unpacked) << unpacked.error().line();
  EXPECT_TRUE(unpacked->complete);
  EXPECT_EQ(unpacked->path, path_);
  EXPECT_EQ(unpacked->bytes, core.size());
  EXPECT_EQ(unpacked->annotations.at("packing"), "zstd");
  EXPECT_EQ(unpacked->threads.size(), 1u);
  EXPECT_TRUE(unpacked->process.time);

  auto half = open_bytes(std::span(packed).first(packed.size() / 2));
  ASSERT_TRUE(half) << half.error().line();
  EXPECT_FALSE(half->complete);
  ASSERT_GE(half->warnings.size(), 2u);
  EXPECT_NE(half->warnings[0].what.find("zstd stream is cut"), std::string::npos);
  EXPECT_NE(half->warnings[1].what.find("core is cut"), std::string::npos);
}

TEST_F(Ingest, SaysWhatAFileIs) {
  auto what = [&](std::string_view text) { return open_text(text).error().what; };
  EXPECT_EQ(what(""), "is empty");
  EXPECT_EQ(what("hello\n"), "is text, not a core dump");
  EXPECT_EQ(what("MDMP\x93\xa7"), "is cut after 6 bytes");
  EXPECT_EQ(what("PAGEDU64"), "is a dump of a whole Windows system, not of a process");
  EXPECT_EQ(what(std::string_view("MZ\0\0", 4)), "is a Windows program, not a dump");
  EXPECT_EQ(what("\x01\x02\x03"), "is not a core dump");
  EXPECT_EQ(what("\x28\xb5\x2f\xfd garbage"), "zstd data is damaged");
  EXPECT_EQ(open_text("x").error().file, path_);
  EXPECT_EQ(open("/nonexistent").error().file, "/nonexistent");
  auto program = open("/bin/true");
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error().what, "is an executable or shared library, not a core");
}

}  // namespace
}  // namespace inquest::ingest
