#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/prose.h"
#include "report/report.h"
#include "report/test_example.h"
#include "testkit/shell.h"

namespace inquest::report {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(WhyText, SaysTheVerdictFirst) {
  std::string text = why_text(example(), {});
  EXPECT_LT(text.find("read of Guild::rank"), 200u);
  EXPECT_THAT(text, HasSubstr("cause: null-dereference, almost certain (97 %)"));
  EXPECT_THAT(text, HasSubstr("instruction: mov eax, [rdi+0x2c]"));
  EXPECT_THAT(text, HasSubstr("read of address 0x2c in thread 4711"));
  EXPECT_THAT(text, HasSubstr("Guild::rank() const (inlined)"));
  EXPECT_THAT(text, HasSubstr("at /src/avatar.cc:120 in lobby"));
  EXPECT_THAT(text, HasSubstr("threads 4712, 4713, 4714 (3, worker-*)"));
  EXPECT_THAT(text, HasSubstr("-> give --symbols DIR"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("Also found")));  // the verdict is not told twice
}

TEST(WhyText, SaysWhereTheSourcesOfTheBuildAre) {
  answer::Answer a = example();
  for (const std::string& text : {why_text(a, {}), stack_text(a, {})}) {
    EXPECT_THAT(text, HasSubstr("  guild.h:44     https://git.example.com/lobby/4f2a/guild.h\n"
                                "  avatar.cc:120  by: p4.exe print //depot/avatar.cc#7\n"));
  }
  a.threads[0].frames.assign(20, a.threads[0].frames[0]);
  for (size_t i = 0; i < 20; ++i) a.threads[0].frames[i].file = fmt::format("/src/{}.h", i / 2);
  EXPECT_THAT(why_text(a, {}), HasSubstr("... 5 more files: inquest stack lists them"));
  EXPECT_THAT(stack_text(a, {}), HasSubstr("  9.h:44  https"));
  a.threads[0].frames.clear();
  EXPECT_THAT(why_text(a, {}), Not(HasSubstr("Sources")));
}

TEST(WhyText, ShowsVariablesOfTheNearestFrames) {
  answer::Answer a = example();
  auto& frames = a.threads[0].frames;
  frames[1].variables = std::vector<answer::Variable>{
      {.name = "level", .value = "7", .parameter = true, .type_helps = false},
      {.name = "guild", .type = "Guild *", .value = "null"},
      {.name = "gone", .type = "int", .unavailable = "optimised out"},
      {.name = "__range", .value = "1", .artificial = true},
      {.name = "later", .value = "0", .note = "perhaps not set yet"},
      {.name = "long", .value = std::string(500, 'x')},
      {.name = "\x1b[31m", .value = "\x1b[31m"}};
  frames[1].variables->resize(20, answer::Variable{.name = "many", .value = "1"});
  std::string text = why_text(a, {});
  EXPECT_THAT(text, HasSubstr("level = 7\n"));
  EXPECT_THAT(text, HasSubstr("guild (Guild *) = null\n"));
  EXPECT_THAT(text, HasSubstr("gone (int) = <optimised out>\n"));
  EXPECT_THAT(text, HasSubstr("later = 0 (perhaps not set yet)\n"));
  EXPECT_THAT(text, Not(HasSubstr("__range")));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("xxx...\n"));
  EXPECT_THAT(text, HasSubstr("... 11 more: inquest stack --variables"));
  EXPECT_THAT(stack_text(a, {}), Not(HasSubstr("more: inquest stack --variables")));
  frames[1].file = "/usr/include/c++/12/bits/stl_vector.h";
  EXPECT_THAT(why_text(a, {}), Not(HasSubstr("level"))) << "the inside of a library";
}

TEST(WhyText, SaysWhoseVariablesStandForAGroup) {
  answer::Answer a = example();
  a.threads[1].frames[1].variables = std::vector{answer::Variable{.name = "mine", .value = "1"}};
  EXPECT_THAT(stack_text(a, {}),
              HasSubstr("(variables of thread 4712; --all-threads prints each)"));
  EXPECT_THAT(stack_text(a, {.all_threads = true}), Not(HasSubstr("variables of thread")));
}

TEST(WhyText, SaysSomethingOfNothing) {
  EXPECT_THAT(why_text({}, {}), HasSubstr("cause: unknown\n"));
  answer::Answer a;
  a.threads.emplace_back();
  EXPECT_THAT(stack_text(a, {}), HasSubstr("(no frames)"));
}

TEST(WhyText, ColoursOnlyWhenAsked) {
  EXPECT_THAT(why_text(example(), {.colour = true}), HasSubstr("\x1b[1;31m"));
}

TEST(WhyText, LetsNoStringOfTheDumpReachTheTerminal) {
  answer::Answer a = example();
  std::string evil = "\x1b]0;owned\x07\xff\r";
  a.dump.command = a.dump.path = a.dump.time = a.dump.os = a.verdict.summary = evil;
  a.verdict.evidence[0].what = a.verdict.next[0] = a.warnings[0].what = a.warnings[0].advice = evil;
  a.fault->instruction = a.fault->signal = a.fault->access = evil;
  a.fault->explanation = answer::Explanation{evil, evil, evil, 4};
  a.findings.push_back(a.verdict);
  a.findings.back().summary += "2";
  for (answer::Stack& stack : a.threads) {
    stack.name = stack.note = evil;
    for (answer::Frame& f : stack.frames) {
      f.function = f.file = f.module = f.trust = evil;
      f.source_url = f.source_command = evil;
    }
  }
  for (const std::string& text :
       {why_text(a, {}), stack_text(a, {}), why_text(a, {.all_threads = true})}) {
    EXPECT_EQ(text.find_first_of("\x1b\x07\r\xff"), std::string::npos);
  }
}

TEST(WhyText, FoldsRecursion) {
  answer::Answer a = example();
  auto& frames = a.threads[0].frames;
  frames.insert(frames.begin() + 2, 5000, frame_of(0x401400, "recurse(int)", "/src/r.cc", 3));
  std::string text = why_text(a, {});
  EXPECT_THAT(text, HasSubstr("... 4998 more frames of recurse(int) (frames 4-5001)"));
  EXPECT_LT(text.size(), 5000u);
}

TEST(WhyText, MarksFramesThatAreNotSure) {
  answer::Answer a = example();
  a.threads[0].frames[2].trust = "scan";
  a.threads[0].frames[2].confidence = 0.4F;
  a.threads[0].note = "nothing told how to go on";
  std::string text = why_text(a, {});
  EXPECT_THAT(text, HasSubstr("[guessed from the stack, 40 %]"));
  EXPECT_THAT(text, HasSubstr("(the stack ends here: nothing told how to go on)"));
}

TEST(WhyText, CountsBackwardsFromAPointer) {
  answer::Answer a = example();
  a.fault->explanation = answer::Explanation{.base = "wild", .offset = static_cast<uint64_t>(-16)};
  EXPECT_THAT(why_text(a, {}), HasSubstr("the access 16 bytes before it"));
  EXPECT_THAT(why_json(a), HasSubstr("\"offset\":-16"));
}

TEST(WhyText, LeavesOutTheInstructionOfAnAbort) {
  answer::Answer a = example();
  a.fault = answer::Fault{.thread = 4711, .signal = "SIGABRT", .instruction = "mov ebp, eax"};
  EXPECT_THAT(why_text(a, {}), Not(HasSubstr("mov ebp")));
}

TEST(WhyText, ShowsTheSourceLine) {
  testkit::TemporaryFolder folder;
  testkit::write_file(folder / "avatar.cc", "one\n\ttwo\nthree\nfour\nfive\nsix\n");
  answer::Answer a = example();
  a.threads[0].frames[1].file = folder / "avatar.cc";
  a.threads[0].frames[1].line = 4;
  a.dump.time = "2001-01-01T00:00:00Z";
  std::string text = why_text(a, {});
  EXPECT_THAT(text, HasSubstr(">     4 | four"));
  EXPECT_THAT(text, HasSubstr("      2 |   two"));
  EXPECT_THAT(text, Not(HasSubstr("| one")));
  EXPECT_THAT(text, HasSubstr("changed after the process died"));
  a.threads[0].frames[1].line = 40;
  EXPECT_THAT(why_text(a, {}), Not(HasSubstr("| four")));
}

TEST(WhyText, PutsThreadsOfTheEvidenceFirst) {
  answer::Answer a = example();
  a.threads.push_back(a.threads[1]);
  a.threads.back().thread = 5000;
  a.threads.back().frames[1].line = 99;
  a.verdict.evidence.push_back({.what = "waits for the lock", .thread = 5000, .frame = 1});
  std::string text = why_text(a, {});
  EXPECT_LT(text.find("thread 5000 \"worker-0\""), text.find("threads 4712"));
  EXPECT_THAT(text, HasSubstr("waits for the lock (thread 5000 #1)"));
}

TEST(WhyText, KeepsProseWithinTheWidth) {
  answer::Answer a = example();
  a.verdict.evidence[0].what =
      std::string(40, 'x') + " and many more words that go on and on and on";
  std::string text = why_text(a, {.width = 60});
  size_t begin = text.find("Evidence"), end = text.find("Fault");
  for (size_t at = begin; at < end;) {
    size_t next = text.find('\n', at);
    EXPECT_LE(columns(text.substr(at, next - at)), 60u);
    at = next + 1;
  }
}

TEST(StackText, PrintsEveryFrameOfEveryThreadWhenAsked) {
  std::string folded = stack_text(example(), {});
  std::string all = stack_text(example(), {.all_threads = true});
  EXPECT_THAT(folded, HasSubstr("(3, worker-*)"));
  EXPECT_THAT(all, HasSubstr("thread 4713 \"worker-1\""));
  EXPECT_THAT(all, HasSubstr("(crashed)"));
}

}  // namespace
}  // namespace inquest::report
