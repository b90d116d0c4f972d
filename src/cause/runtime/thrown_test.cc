#include "cause/runtime/thrown.h"

#include <gtest/gtest.h>

#include "cause/test_process.h"

namespace inquest::cause {
namespace {

constexpr uint64_t kData = 0x500000, kGnuClass = 0x474e5543432b2b00;

/// Lays out, from kData: names, type_infos, then an exception at kData + 0x400 (its header).
ByteBuilder image() {
  ByteBuilder data;
  data.c_string("St9exception").align(16);       // 0x00
  data.c_string("St13runtime_error").align(16);  // 0x10
  data.zeros(0x30 - data.size()).c_string("9LoadError").zeros(0x40 - data.size());
  return data;
}

TEST(Thrown, ReadsTypeAndMessage) {
  ByteBuilder data = image();
  data.zeros(0x100 - data.size());
  data.u64(kData + 0x800).u64(kData);                            // 0x100: std::exception
  data.u64(kData + 0x800).u64(kData + 0x10).u64(kData + 0x100);  // 0x110: std::runtime_error
  data.u64(kData + 0x800).u64(kData + 0x30).u64(kData + 0x110);  // 0x128: LoadError
  data.zeros(0x400 - 80 - data.size());
  data.u64(kData + 0x128).zeros(72);           // exceptionType ...
  data.u64(kGnuClass).zeros(24);               // 0x400: the unwind header
  data.u64(kData + 0x800).u64(kData + 0x600);  // 0x420: the object
  data.zeros(0x600 - data.size()).c_string("no such level");
  DeadProcess process;
  process.map(kData, data.take());
  auto opened = process.open();
  auto thrown = read_thrown(*opened, Address{kData + 0x400});
  ASSERT_TRUE(thrown);
  EXPECT_TRUE(thrown->type_known);
  EXPECT_EQ(thrown->type.name, "LoadError");
  EXPECT_TRUE(thrown->is_std_exception);
  EXPECT_EQ(thrown->what, "no such level");
}

TEST(Thrown, IsNotMadeUp) {
  ByteBuilder data;
  data.zeros(0x400).u64(0x4142434445464748);
  DeadProcess process;
  process.map(kData, data.take());
  EXPECT_FALSE(read_thrown(*process.open(), Address{kData + 0x400}));
}

TEST(Rtti, SurvivesABaseOfItself) {
  ByteBuilder data = image();
  data.zeros(0x100 - data.size());
  data.u64(kData + 0x800).u64(kData + 0x10).u64(kData + 0x100);
  DeadProcess process;
  process.map(kData, data.take());
  auto opened = process.open();
  auto type = read_type_info(*opened, Address{kData + 0x100});
  ASSERT_TRUE(type);
  EXPECT_FALSE(find_base(*opened, Address{kData}, *type, "St9exception"));
}

}  // namespace
}  // namespace inquest::cause
