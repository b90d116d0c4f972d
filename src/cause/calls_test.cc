#include "cause/calls.h"

#include <gtest/gtest.h>

namespace inquest::cause {
namespace {

bool own(std::string function) {
  snapshot::Module program{.path = "/opt/lobby"};
  return is_own(Call{.function = std::move(function), .module = &program});
}

TEST(PlainName, DropsWhatIsNotTheName) {
  EXPECT_EQ(plain_name("std::thread::~thread()"), "std::thread::~thread");
  EXPECT_EQ(plain_name("__GI_abort"), "abort");
  EXPECT_EQ(plain_name("game::Room::find(int (*)(char)) const"), "game::Room::find");
  EXPECT_EQ(plain_name("Server::level[abi:cxx11]()"), "Server::level");
  EXPECT_EQ(plain_name("Less::operator()(int) const"), "Less::operator()");
  EXPECT_EQ(plain_name(""), "");
}

TEST(OwnCall, IsTheProgramsAndNotTheRuntimes) {
  EXPECT_TRUE(own("Room::leave(std::string const&)"));
  EXPECT_TRUE(own("std::vector<int> game::make(int)"));
  EXPECT_TRUE(own("(anonymous namespace)::tick()"));
  EXPECT_TRUE(own("Less::operator()(int) const"));
  EXPECT_TRUE(own("bool operator< <int>(game::A const&, game::A const&)"));
  EXPECT_TRUE(own(""));
  EXPECT_FALSE(own("std::terminate()"));
  EXPECT_FALSE(own("int __gnu_cxx::__stoa<long, int, char, int>(char const*)"));
  EXPECT_FALSE(own("void std::sort<int*>(int*, int*)"));
  EXPECT_FALSE(own("operator new(unsigned long)"));
  EXPECT_FALSE(
      own("decltype (::new ((void*)(0)) std::string((declval<int>)())) "
          "std::construct_at<std::string, int>(std::string*, int&&)"));
  EXPECT_TRUE(own("decltype (f(0)) game::make<int>(int)"));
  EXPECT_FALSE(own("__gthread_mutex_lock(pthread_mutex_t*)"));
}

TEST(OwnCall, NotInALibraryOfTheRuntime) {
  snapshot::Module libc{.path = "/lib/x86_64-linux-gnu/libc.so.6"};
  EXPECT_FALSE(is_own(Call{.function = "qsort", .module = &libc}));
  EXPECT_FALSE(is_own(Call{.function = "nowhere"}));
}

TEST(FindCall, IsByPlainOrLinkageName) {
  std::vector<Call> calls = {{.function = "main"}, {.function = "x", .linkage = "_ZSt9terminatev"}};
  EXPECT_EQ(find_call(calls, {"_ZSt9terminatev"}), 1u);
  EXPECT_EQ(find_call(calls, {"main"}), 0u);
  EXPECT_EQ(find_call(calls, {"main"}, 1), kNoCall);
}

}  // namespace
}  // namespace inquest::cause
