#include "cause/fault/brief_name.h"

#include <gtest/gtest.h>

namespace inquest::cause {
namespace {

TEST(BriefName, CutsWhatIsLong) {
  EXPECT_EQ(brief_name("std::map<int, Item, std::less<int>, std::allocator<std::pair<int const, "
                       "Item> > >::find(int const&)"),
            "std::map<...>::find(int const&)");
  EXPECT_EQ(brief_name("std::vector<int>::size() const"), "std::vector<int>::size() const");
}

TEST(BriefName, CallsStringsByTheirName) {
  EXPECT_EQ(brief_name("Lobby::find(std::__cxx11::basic_string<char, std::char_traits<char>, "
                       "std::allocator<char> > const&)"),
            "Lobby::find(std::string const&)");
}

TEST(BriefName, LeavesOperatorsAndBrokenNamesAlone) {
  EXPECT_EQ(brief_name("operator<(A const&, B const&)"), "operator<(A const&, B const&)");
  EXPECT_EQ(brief_name("Pointer::operator->() const"), "Pointer::operator->() const");
  EXPECT_EQ(brief_name("f(int"), "f(int");
  EXPECT_EQ(brief_name(""), "");
}

TEST(LibraryFunction, IsToldByItsNamespace) {
  EXPECT_TRUE(is_library_function("std::map<int, Item>::find(int const&)"));
  EXPECT_TRUE(is_library_function("void std::swap<Item>(Item&, Item&)"));
  EXPECT_TRUE(is_library_function("__gnu_cxx::__aligned_buffer<int>::_M_addr()"));
  EXPECT_FALSE(is_library_function("Market::sell(std::string const&)"));
  EXPECT_FALSE(is_library_function("Guild* find<std::string>(std::string)"));
}

}  // namespace
}  // namespace inquest::cause
