#include <fcntl.h>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "capture/capture.h"
#include "capture/sparse_file.h"
#include "testkit/bytes.h"
#include "testkit/process.h"

namespace inquest::capture {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
namespace fs = std::filesystem;

class Catch : public ::testing::Test {
 protected:
  /// Header and one PT_LOAD of `size` bytes from offset 4096, whose content the caller sends.
  static std::vector<std::byte> core_head(uint64_t size) {
    testkit::ByteBuilder b;
    b.text(
         "\x7f"
         "ELF")
        .u8(2)
        .u8(1)
        .u8(1)
        .zeros(9);
    b.u16(4).u16(62).u32(1).u64(0).u64(64).u64(0).u32(0).u16(64).u16(56).u16(1).u16(0).u16(0).u16(
        0);
    b.u32(1).u32(6).u64(4096).u64(0x10000).u64(0).u64(size).u64(size).u64(4096);
    b.zeros(4096 - b.size());
    return b.take();
  }
  Result<CoreWritten> send(const std::vector<std::vector<std::byte>>& parts) {
    int ends[2];
    if (::pipe(ends) != 0) return fail("pipe");
    std::thread sender([&] {
      for (const auto& part : parts) {
        for (size_t at = 0; at < part.size();) {
          ssize_t done = ::write(ends[1], part.data() + at, part.size() - at);
          if (done <= 0) break;
          at += static_cast<size_t>(done);
        }
      }
      ::close(ends[1]);
    });
    auto written = catch_from_kernel(ends[0], path_, ::getpid());
    ::close(ends[0]);  // as the end of `inquest catch` does
    sender.join();
    return written;
  }
  testkit::TemporaryFolder folder_;
  std::string path_ = folder_.file("core");
};

TEST_F(Catch, StoresASparseStream) {
  std::vector<std::byte> zeros(64 << 20), tail(5000, std::byte{7});
  auto written = send({core_head(zeros.size() + tail.size()), zeros, tail});
  ASSERT_TRUE(written) << written.error().line();
  EXPECT_THAT(written->warnings, IsEmpty());
  EXPECT_EQ(written->bytes, 4096 + zeros.size() + tail.size());
  EXPECT_EQ(fs::file_size(path_), written->bytes);
  EXPECT_LT(written->disk_bytes, 64u << 10);
  auto stored = testkit::read_text(path_);
  EXPECT_EQ(stored.substr(stored.size() - 5001), std::string(1, '\0') + std::string(5000, '\7'));
  auto facts = testkit::read_text(path_ + ".json");
  EXPECT_THAT(facts, HasSubstr("\"schema\":\"inquest.core-facts/1\""));
  EXPECT_THAT(facts, HasSubstr("inquest_capture"));
}

TEST_F(Catch, KeepsWhatCameOfACutStream) {
  auto written = send({core_head(1 << 20), std::vector<std::byte>(1000, std::byte{1})});
  ASSERT_TRUE(written);
  EXPECT_EQ(written->bytes, 5096u);
  ASSERT_THAT(written->warnings, SizeIs(1));
  EXPECT_THAT(written->warnings[0].what, HasSubstr("cut: 5096 bytes came of 1052672"));
}

TEST_F(Catch, KeepsWhatFitsOnTheDisk) {
  std::string disk = folder_.file("disk");
  fs::create_directory(disk);
  if (testkit::run_command("mount -t tmpfs -o size=3m none '" + disk + "'").status != 0) {
    GTEST_SKIP() << "no right to mount a small disk";
  }
  path_ = disk + "/core";
  ::signal(SIGPIPE, SIG_IGN);
  auto written = send({core_head(8 << 20), std::vector<std::byte>(8 << 20, std::byte{1})});
  EXPECT_TRUE(written) << written.error().line();
  if (written) {
    EXPECT_GE(written->bytes, 2u << 20);
    EXPECT_THAT(written->warnings[0].what, HasSubstr("No space left"));
  }
  testkit::run_command("umount '" + disk + "'");
}

TEST_F(Catch, NothingCame) {
  auto written = send({});
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().line(), HasSubstr("core-pattern.md"));
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_FALSE(fs::exists(path_ + ".part"));
}

TEST_F(Catch, RealCoreFromTheKernelIsAsGood) {
  // Where the kernel writes plain files we can pass one through and compare.
  std::string program = folder_.file("program");
  ASSERT_EQ(testkit::compile_program(program, "int main() { __builtin_trap(); }"), "");
  testkit::run_command("cd '" + folder_.path() + "' && ulimit -c unlimited && ./program");
  std::string kernel;
  for (const auto& entry : fs::directory_iterator(folder_.path())) {
    if (entry.path().filename().string().starts_with("core")) kernel = entry.path().string();
  }
  if (kernel.empty()) GTEST_SKIP() << "core_pattern does not write to the working folder";
  path_ = folder_.file("caught");
  int file = ::open(kernel.c_str(), O_RDONLY | O_CLOEXEC);
  auto written = catch_from_kernel(file, path_, ::getpid());
  ::close(file);
  ASSERT_TRUE(written);
  EXPECT_THAT(written->warnings, IsEmpty());
  EXPECT_EQ(testkit::run_command("cmp '" + kernel + "' '" + path_ + "'").output, "");
}

TEST(SparseFileTest, ZeroRuns) {
  std::vector<std::byte> bytes(3 * 4096);
  EXPECT_TRUE(is_zero(bytes));
  EXPECT_TRUE(is_zero({}));
  bytes.back() = std::byte{1};
  EXPECT_FALSE(is_zero(bytes));
  bytes.back() = {};
  bytes.front() = std::byte{1};
  EXPECT_FALSE(is_zero(bytes));
}

TEST(SparseFileTest, IsThereWhenWholeOnly) {
  testkit::TemporaryFolder folder;
  std::string path = folder.file("f");
  {
    auto file = SparseFile::create(path);
    ASSERT_TRUE(file);
    std::vector<std::byte> bytes(10000, std::byte{3});
    EXPECT_TRUE(file->write_sparse(5, bytes));
    EXPECT_FALSE(fs::exists(path));
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
  auto file = SparseFile::create(path);
  EXPECT_FALSE(file->expect_room(uint64_t{1} << 60));
  EXPECT_TRUE(file->expect_room(1));
  EXPECT_TRUE(file->resize(12345));
  EXPECT_TRUE(file->commit());
  EXPECT_EQ(fs::file_size(path), 12345u);
}

TEST(SparseFileTest, ALimitOnFileSizesIsAnErrorAndNoDeath) {
  testkit::TemporaryFolder folder;
  rlimit before{}, low{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  low = before;
  low.rlim_cur = 1 << 20;
  ::setrlimit(RLIMIT_FSIZE, &low);
  auto file = SparseFile::create(folder.file("f"));
  auto resized = file->resize(2 << 20);
  ::setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_FALSE(resized);
  EXPECT_THAT(resized.error().line(), HasSubstr("ulimit -f"));
}

}  // namespace
}  // namespace inquest::capture
