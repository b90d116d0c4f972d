#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "heap/glibc/patient_image.h"

namespace inquest::heap::glibc {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct HeapCase {
  const char* name;
  const char* environment;
  bool is_static = false;
  const char* layout = "";
};
void PrintTo(const HeapCase& which, std::ostream* out) { *out << which.name; }

class GlibcHeap : public ::testing::TestWithParam<HeapCase> {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<testkit::TemporaryFolder>();
    EXPECT_EQ(testkit::compile_program(*folder_ / "patient", testkit::heap_patient_source(),
                                       testkit::kHeapPatient),
              "");
    EXPECT_EQ(testkit::compile_program(*folder_ / "static", testkit::heap_patient_source(),
                                       testkit::kStaticHeapPatient),
              "");
  }
  static void TearDownTestSuite() { folder_.reset(); }
  static inline std::unique_ptr<testkit::TemporaryFolder> folder_;
};

/// Every block that lives, with its size; nothing that was freed; nothing else.
TEST_P(GlibcHeap, IsTheProgramsOwnBooks) {
  const HeapCase& which = GetParam();
  auto image = PatientImage::take(*folder_, *folder_ / (which.is_static ? "static" : "patient"),
                                  which.environment, 11, 8000, 3);
  ASSERT_TRUE(image);
  Heaps heaps = find_heaps({.process = image->process});
  ASSERT_EQ(heaps.allocators.size(), 1u);
  EXPECT_THAT(heaps.allocators[0].layout, HasSubstr(which.layout));
  std::map<uint64_t, uint64_t> used;
  uint64_t end = 0, cached = 0;
  for (const Block& block : heaps.blocks) {
    EXPECT_GE(block.begin, end);
    end = block.begin + block.size;
    if (block.state() == State::used) used[block.begin] = block.size;
    if (block.state() != State::cached) continue;
    ++cached;
    EXPECT_FALSE(image->truth.live.contains(block.begin)) << std::hex << block.begin;
  }
  EXPECT_GT(image->truth.live.size(), 3000u);
  EXPECT_EQ(used == image->truth.live, true)
      << used.size() << " instead of " << image->truth.live.size();
  EXPECT_GT(image->truth.freed.size(), 0u);
  for (const Fault& fault : heaps.faults)
    ADD_FAILURE() << fmt::format("{} {}", fault.at, fault.what);
  EXPECT_THAT(heaps.warnings, IsEmpty());
  if (std::string_view(which.name) == "Cache2000") {
    EXPECT_GT(cached, 3000u);
  }
  // Every thread has its arena, one arena each as a rule.
  size_t threads = 0;
  for (const Arena& arena : heaps.arenas) threads += arena.threads.size();
  EXPECT_EQ(threads, 3u);
}

INSTANTIATE_TEST_SUITE_P(
    , GlibcHeap,
    ::testing::Values(HeapCase{"Plain", ""},
                      HeapCase{"NoCache", "GLIBC_TUNABLES=glibc.malloc.tcache_count=0"},
                      HeapCase{"Cache2000", "GLIBC_TUNABLES=glibc.malloc.tcache_count=2000"},
                      HeapCase{"OneArena", "GLIBC_TUNABLES=glibc.malloc.arena_max=1"},
                      HeapCase{"Mapped", "GLIBC_TUNABLES=glibc.malloc.mmap_threshold=50000"},
                      HeapCase{"HugePages", "GLIBC_TUNABLES=glibc.malloc.hugetlb=1"},
                      HeapCase{"BreakBlocked", "BLOCK_BREAK=1"}, HeapCase{"Static", "", true},
                      HeapCase{"StaticBreakBlocked", "BLOCK_BREAK=1", true}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace inquest::heap::glibc
