#include "cause/runtime/abort_message.h"

#include <gtest/gtest.h>

#include "cause/test_process.h"

namespace inquest::cause {
namespace {

using answer::Kind;

TEST(AbortMeaning, TakesAnAssertionApart) {
  auto meaning = meaning_of(
      "lobby: ../cases/abort-assert/main.cc:18: void Room::admit(const std::vector<int>&): "
      "Assertion "
      "`members_.size() <= seats_ && \"it's over\"' failed.");
  EXPECT_EQ(meaning.kind, Kind::assertion);
  EXPECT_EQ(meaning.file, "../cases/abort-assert/main.cc");
  EXPECT_EQ(meaning.line, 18u);
  EXPECT_EQ(meaning.function, "void Room::admit(const std::vector<int>&)");
  EXPECT_EQ(meaning.condition, "members_.size() <= seats_ && \"it's over\"");
}

TEST(AbortMeaning, MallocsOwnAssertionIsDamage) {
  EXPECT_EQ(
      meaning_of("a.out: malloc.c:2617: sysmalloc: Assertion `(old_top == initial_top (av) && "
                 "old_size == 0)' failed.")
          .kind,
      Kind::heap_corruption);
  EXPECT_EQ(
      meaning_of("Fatal glibc error: malloc assertion failure in sysmalloc: (old_top == x)").kind,
      Kind::heap_corruption);
}

TEST(AbortMeaning, OfTheHeapsComplaints) {
  EXPECT_EQ(meaning_of("free(): double free detected in tcache 2").kind, Kind::double_free);
  EXPECT_EQ(meaning_of("double free or corruption (!prev)").kind, Kind::double_free);
  EXPECT_EQ(meaning_of("double free or corruption (out)").kind, Kind::heap_corruption);
  EXPECT_EQ(meaning_of("munmap_chunk(): invalid pointer").kind, Kind::invalid_free);
  EXPECT_EQ(meaning_of("free(): invalid pointer").kind, Kind::invalid_free);
  EXPECT_EQ(meaning_of("free(): invalid next size (fast)").kind, Kind::heap_corruption);
  EXPECT_EQ(meaning_of("malloc(): corrupted top size").kind, Kind::heap_corruption);
  EXPECT_EQ(meaning_of("corrupted size vs. prev_size while consolidating").kind,
            Kind::heap_corruption);
  EXPECT_EQ(meaning_of("*** stack smashing detected ***: terminated").kind, Kind::stack_smash);
  EXPECT_EQ(meaning_of("The futex facility returned an unexpected error code.").kind, Kind::abort);
}

TEST(AbortMessage, IsFoundByItsShape) {
  constexpr uint64_t kLibrary = 0x7f0000000000, kData = kLibrary + 0x200000,
                     kPages = 0x7f0000800000;
  ByteBuilder record, data;
  record.u32(4096).text("double free or corruption (out)\n");
  data.zeros(0x120).u64(0x7f0000900000).u64(kPages).zeros(64);
  DeadProcess process;
  process.module(kLibrary, 0x201000, "/lib/libc.so.6")
      .map(kData, data.take(), "rw-", "/lib/libc.so.6")
      .map(kPages, record.take())
      .thread(4000, "patient", {{"rip", kLibrary}, {"rsp", kData}}, true)
      .signal(6, -6, {}, 4000);
  auto opened = process.open();
  auto message = find_abort_message(*opened);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->text, "double free or corruption (out)");
  EXPECT_EQ(message->at.value, kPages + 4);
  EXPECT_FALSE(message->by_symbol);
}

TEST(AbortMessage, IsNotMistakenForAnyPage) {
  constexpr uint64_t kLibrary = 0x7f0000000000, kPages = 0x7f0000800000;
  ByteBuilder record, data;
  record.u32(4096).u8(1).u8(2).u8(3).text("binary");
  data.u64(kPages);
  DeadProcess process;
  process.module(kLibrary, 0x1000, "/lib/libc.so.6")
      .map(kLibrary, data.take(), "rw-", "/lib/libc.so.6")
      .map(kPages, record.take())
      .thread(4000, "patient", {}, true);
  EXPECT_FALSE(find_abort_message(*process.open()));
}

}  // namespace
}  // namespace inquest::cause
