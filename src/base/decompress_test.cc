#include "base/decompress.h"

#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <lz4frame.h>
#include <lzma.h>
#include <memory>
#include <random>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mapped_file.h"
#include "testkit/elf_seeds.h"

namespace inquest {
namespace {

std::vector<std::byte> bytes_of(const void* data, size_t size) {
  const auto* begin = static_cast<const std::byte*>(data);
  return {begin, begin + size};
}

/// Half noise, half zeros: neither trivial nor incompressible.
std::vector<std::byte> sample(size_t size) {
  std::mt19937 random(7);
  std::vector<std::byte> plain(size);
  for (size_t i = 0; i < size / 2; ++i) plain[i] = static_cast<std::byte>(random());
  return plain;
}

std::vector<std::byte> pack(Packing packing, const std::vector<std::byte>& plain) {
  std::vector<std::byte> out(plain.size() + 4096);
  switch (packing) {
    case Packing::none:
      return plain;
    case Packing::zlib:
    case Packing::gzip: {
      z_stream z{};
      deflateInit2(&z, 6, Z_DEFLATED, packing == Packing::gzip ? 31 : 15, 8, Z_DEFAULT_STRATEGY);
      z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(plain.data()));
      z.avail_in = static_cast<uInt>(plain.size());
      z.next_out = reinterpret_cast<Bytef*>(out.data());
      z.avail_out = static_cast<uInt>(out.size());
      deflate(&z, Z_FINISH);
      out.resize(z.total_out);
      deflateEnd(&z);
      return out;
    }
    case Packing::zstd:
      out.resize(ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 3));
      return out;
    case Packing::xz: {
      size_t size = 0;
      lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, nullptr,
                              reinterpret_cast<const uint8_t*>(plain.data()), plain.size(),
                              reinterpret_cast<uint8_t*>(out.data()), &size, out.size());
      out.resize(size);
      return out;
    }
    case Packing::lz4:
      out.resize(LZ4F_compressFrameBound(plain.size(), nullptr));
      out.resize(LZ4F_compressFrame(out.data(), out.size(), plain.data(), plain.size(), nullptr));
      return out;
  }
  return out;
}

class EveryPacking : public testing::TestWithParam<Packing> {};
INSTANTIATE_TEST_SUITE_P(Decompress, EveryPacking,
                         testing::Values(Packing::zlib, Packing::gzip, Packing::zstd, Packing::xz,
                                         Packing::lz4),
                         [](auto& tested) { return std::string(name(tested.param)); });

TEST_P(EveryPacking, UnpacksWhatWasPacked) {
  for (size_t size : {size_t{0}, size_t{1}, size_t{4096}, size_t{3} << 20}) {
    auto plain = sample(size);
    auto packed = pack(GetParam(), plain);
    EXPECT_EQ(packing_of(packed), GetParam());
    auto unpacked = unpack(packed, GetParam(), size, true);
    ASSERT_TRUE(unpacked) << unpacked.error().line();
    EXPECT_EQ(*unpacked, plain);
  }
}

TEST_P(EveryPacking, StopsAtTheLimit) {
  auto packed = pack(GetParam(), std::vector<std::byte>(8 << 20));
  auto unpacked = unpack(packed, GetParam(), 100'000);
  ASSERT_FALSE(unpacked);
  EXPECT_NE(unpacked.error().what.find("more than 100000 bytes"), std::string::npos);
}

TEST_P(EveryPacking, ReportsCutAndDamage) {
  auto packed = pack(GetParam(), sample(200'000));
  for (size_t keep : {size_t{7}, packed.size() / 3, packed.size() - 1}) {
    auto cut = unpack(Bytes(packed).first(keep), GetParam(), 1 << 20);
    EXPECT_FALSE(cut) << keep;
  }
  for (size_t at = 8; at < packed.size(); at += packed.size() / 20) {
    auto wrong = packed;
    wrong[at] ^= std::byte{0x55};
    // lz4 frames may go without a checksum: no crash is all that can be asked.
    (void)unpack(wrong, GetParam(), 1 << 20);
  }
}

struct TemporaryFile {
  std::unique_ptr<FILE, int (*)(FILE*)> file{std::tmpfile(), std::fclose};
  int descriptor() const { return fileno(file.get()); }
};

TEST_P(EveryPacking, UnpacksToASparseFile) {
  TemporaryFile temporary;
  std::vector<std::byte> plain(16 << 20);
  plain[9'000'000] = std::byte{'x'};
  auto packed = pack(GetParam(), plain);
  auto done = unpack_to_file(packed, GetParam(), temporary.descriptor(), 1 << 30);
  ASSERT_TRUE(done) << done.error().line();
  EXPECT_EQ(done->bytes, plain.size());
  EXPECT_FALSE(done->cut);
  struct stat status{};
  ASSERT_EQ(fstat(temporary.descriptor(), &status), 0);
  EXPECT_EQ(static_cast<size_t>(status.st_size), plain.size());
  EXPECT_LT(status.st_blocks * 512, 1 << 20);
  auto mapped = MappedFile::from_descriptor(temporary.descriptor(), "unpacked");
  ASSERT_TRUE(mapped);
  EXPECT_EQ(bytes_of((*mapped)->bytes().data(), plain.size()), plain);
}

TEST_P(EveryPacking, KeepsWhatCameBeforeTheCut) {
  TemporaryFile temporary;
  auto plain = sample(4 << 20);
  auto packed = pack(GetParam(), plain);
  auto done = unpack_to_file(Bytes(packed).first(packed.size() / 2), GetParam(),
                             temporary.descriptor(), 1 << 30);
  ASSERT_TRUE(done) << done.error().line();
  EXPECT_TRUE(done->cut);
  EXPECT_GT(done->bytes, plain.size() / 8);
  EXPECT_LT(done->bytes, plain.size());
}

TEST_P(EveryPacking, BoundsABombOnDisk) {
  TemporaryFile temporary;
  auto packed = pack(GetParam(), std::vector<std::byte>(8 << 20));
  EXPECT_FALSE(unpack_to_file(packed, GetParam(), temporary.descriptor(), 1 << 20));
}

TEST(Decompress, JoinsFramesAsTheToolsDo) {
  for (Packing packing : {Packing::gzip, Packing::zstd, Packing::xz, Packing::lz4}) {
    auto one = pack(packing, sample(1000));
    auto two = one;
    two.insert(two.end(), one.begin(), one.end());
    auto unpacked = unpack(two, packing, 1 << 20);
    ASSERT_TRUE(unpacked) << name(packing);
    EXPECT_EQ(unpacked->size(), 2000u) << name(packing);
  }
}

/// With INQUEST_WRITE_SEEDS=fuzz/corpus the fuzzer's seeds are written.
TEST(Decompress, PacksSeeds) {
  testkit::Seeds seeds;
  for (auto packing : {Packing::zlib, Packing::gzip, Packing::zstd, Packing::xz, Packing::lz4}) {
    auto packed = pack(packing, sample(200));
    packed.insert(packed.begin(), static_cast<std::byte>(packing));
    seeds[std::string(name(packing))] = packed;
  }
  if (const char* corpus = std::getenv("INQUEST_WRITE_SEEDS")) {
    testkit::write_seeds(seeds, std::string(corpus) + "/decompress");
  }
}

TEST(Decompress, KnowsNothingOfOthers) {
  EXPECT_EQ(packing_of(Bytes{}), Packing::none);
  EXPECT_EQ(packing_of(bytes_of("\177ELF", 4)), Packing::none);
  EXPECT_FALSE(unpack({}, Packing::none, 10));
}

}  // namespace
}  // namespace inquest
