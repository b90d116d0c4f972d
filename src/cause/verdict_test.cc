#include "cause/verdict.h"

#include <gtest/gtest.h>

namespace inquest::cause {
namespace {

using answer::Finding;
using answer::Kind;

Kind verdict(std::vector<Finding> findings) {
  weigh(findings);
  return findings.front().kind;
}
Finding finding(Kind kind, double confidence) { return {.kind = kind, .confidence = confidence}; }

TEST(Verdict, TheSpecialWinsOverTheGeneral) {
  EXPECT_EQ(verdict({finding(Kind::abort, 0.99), finding(Kind::uncaught_exception, 0.8)}),
            Kind::uncaught_exception);
  EXPECT_EQ(verdict({finding(Kind::wild_pointer, 0.9), finding(Kind::stack_overflow, 0.85)}),
            Kind::stack_overflow);
  EXPECT_EQ(verdict({finding(Kind::killed, 0.97), finding(Kind::deadlock, 0.9)}), Kind::deadlock);
  EXPECT_EQ(
      verdict({finding(Kind::non_canonical_address, 0.92), finding(Kind::use_after_free, 0.9)}),
      Kind::use_after_free);
  EXPECT_EQ(verdict({finding(Kind::abort, 0.99), finding(Kind::uncaught_exception, 0.9),
                     finding(Kind::out_of_memory, 0.9)}),
            Kind::out_of_memory);
}

TEST(Verdict, NotWhenItIsOnlyAHint) {
  EXPECT_EQ(verdict({finding(Kind::killed, 0.97), finding(Kind::deadlock, 0.3)}), Kind::killed);
}

TEST(Verdict, AStateDoesNotExplainAFault) {
  EXPECT_EQ(verdict({finding(Kind::null_dereference, 0.85), finding(Kind::deadlock, 0.95)}),
            Kind::null_dereference);
}

TEST(Verdict, EqualKindsAreMerged) {
  std::vector<Finding> findings{finding(Kind::abort, 0.9), finding(Kind::abort, 0.8)};
  weigh(findings);
  EXPECT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].confidence, 0.9);
}

TEST(Verdict, RefinementIsWithoutCycles) {
  for (int a = 0; a <= static_cast<int>(Kind::unknown); ++a) {
    for (int b = 0; b <= static_cast<int>(Kind::unknown); ++b) {
      auto x = static_cast<Kind>(a), y = static_cast<Kind>(b);
      EXPECT_FALSE(refines(x, y) && refines(y, x));
    }
  }
}

}  // namespace
}  // namespace inquest::cause
