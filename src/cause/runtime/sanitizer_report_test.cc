#include "cause/runtime/sanitizer_report.h"

#include <cstring>
#include <gtest/gtest.h>

#include "cause/test_process.h"

namespace inquest::cause {
namespace {

TEST(SanitizerReport, IsFoundAtTheBeginningOfAPage) {
  const std::string text =
      std::string(65, '=') + "\n==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x6\n";
  std::vector<std::byte> memory(0x3000);
  std::memcpy(memory.data() + 0x1000, text.data(), text.size());
  DeadProcess process;
  process.map(0x700000, memory);
  auto found = find_sanitizer_report(*process.open());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->at, Address{0x701000});
  EXPECT_EQ(found->report.error, "heap-use-after-free");
  EXPECT_EQ(kind_of_sanitizer_error(found->report.error), answer::Kind::use_after_free);
}

}  // namespace
}  // namespace inquest::cause
