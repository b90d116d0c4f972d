#include "heap/inferred/inferred.h"

#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace inquest::heap {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class InferredTest : public testing::Test {
 protected:
  static constexpr uint64_t kPool = 0x7f1000000000, kData = 0x404000, kStack = 0x7f2000000000,
                            kSize = 0x10000;

  InferredTest() : data_(0x1000), pool_(kSize), stack_(kSize) {
    constexpr snapshot::Access kWritable{.read = true, .write = true};
    process_.modules.push_back({.path = "/bin/game", .range = {{0x400000}, {kData + 0x1000}}});
    auto region = [&](uint64_t at, uint64_t size, std::string file, snapshot::Access access) {
      process_.regions.push_back({.range = {{at}, {at + size}},
                                  .access = access,
                                  .file = std::move(file),
                                  .recorded = size});
    };
    region(kData, 0x1000, "/bin/game", kWritable);
    region(kPool, kSize, "", kWritable);
    region(kStack - 0x1000, 0x1000, "", {});
    region(kStack, kSize, "", kWritable);
  }
  static void put(std::vector<std::byte>& bytes, uint64_t offset, uint64_t value) {
    std::memcpy(bytes.data() + offset, &value, 8);
  }
  void infer() {
    process_.memory.add({kData}, data_, snapshot::Origin::dump, nullptr);
    process_.memory.add({kPool}, pool_, snapshot::Origin::dump, nullptr);
    process_.memory.add({kStack}, stack_, snapshot::Origin::dump, nullptr);
    infer_blocks({process_}, heaps_);
  }

  std::vector<std::byte> data_, pool_, stack_;
  snapshot::Snapshot process_;
  Heaps heaps_;
};

TEST_F(InferredTest, BlocksBeginWhereWordsPointTo) {
  put(data_, 0x10, kPool + 0x100);
  put(data_, 0x20, kPool + 0x100);
  put(data_, 0x30, kPool + 0x203);    // no address of an aligned object
  put(data_, 0x40, kStack + 0x8000);  // a stack is none's
  put(pool_, 0x108, kPool + 0x180);
  infer();
  ASSERT_EQ(heaps_.blocks.size(), 2u);
  EXPECT_EQ(heaps_.blocks[0].range(), (AddressRange{{kPool + 0x100}, {kPool + 0x180}}));
  EXPECT_EQ(heaps_.blocks[1].range(), (AddressRange{{kPool + 0x180}, {kPool + kSize}}));
  EXPECT_EQ(heaps_.allocators.front().name, "inferred");
  EXPECT_THAT(heaps_.arenas.front().segments,
              ElementsAre(AddressRange{{kPool + 0x100}, {kPool + kSize}}));
}

TEST_F(InferredTest, LeavesToAllocatorsWhatIsTheirs) {
  heaps_.allocators.push_back({.name = "glibc"});
  heaps_.arenas.push_back({.segments = {{{kPool}, {kPool + 0x8000}}}});
  put(data_, 0x10, kPool + 0x100);
  infer();
  EXPECT_THAT(heaps_.blocks, IsEmpty());
  EXPECT_EQ(heaps_.allocators.size(), 1u);
}

}  // namespace
}  // namespace inquest::heap
