#include "ingest/ingest.h"

#include <gtest/gtest.h>

namespace inquest::ingest {
namespace {

TEST(Ingest, RefusesAnExecutable) {
  auto opened = open("/bin/true");
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().line().find("not a core"), std::string::npos);
}

}  // namespace
}  // namespace inquest::ingest
