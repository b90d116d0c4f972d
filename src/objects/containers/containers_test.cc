#include "objects/containers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "objects/containers/descriptions.h"
#include "objects/containers/expression.h"
#include "objects/containers/spelling.h"

namespace inquest::objects {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kIntMap =
    "std::map<int, Foo, std::less<int>, std::allocator<std::pair<const int, Foo> > >";
constexpr std::string_view kIntTree =
    "std::_Rb_tree<int, std::pair<int const, Foo>, std::_Select1st<std::pair<int const, Foo> >, "
    "std::less<int>, std::allocator<std::pair<int const, Foo> > >";

TEST(TemplateNames, AreSplitAtTheirOwnCommas) {
  TemplateName map = split_template(kIntMap);
  EXPECT_EQ(map.name, "std::map");
  EXPECT_THAT(map.arguments, ElementsAre("int", "Foo", "std::less<int>",
                                         "std::allocator<std::pair<const int, Foo> >"));
  EXPECT_THAT(split_template("A<f(int, char), (E)2, {lambda(int, int)#1}, ','>").arguments,
              ElementsAre("f(int, char)", "(E)2", "{lambda(int, int)#1}", "','"));
  EXPECT_EQ(split_template("A<int>::B<char>").name, "A<int>::B");
  EXPECT_TRUE(split_template("Foo").arguments.empty());
  EXPECT_TRUE(split_template("A<>").arguments.empty());
  EXPECT_EQ(split_template("A<>").name, "A");
  EXPECT_EQ(split_template("A<b").name, "A<b");
  EXPECT_EQ(split_template("A<b>>").name, "A<b>>");
  EXPECT_EQ(split_template("operator<").name, "operator<");
}

TEST(Spellings, OfOneTypeAreSeenAsOne) {
  auto same = [](std::string_view a, std::string_view b) {
    EXPECT_EQ(same_spelling(a), same_spelling(b));
  };
  same("A<const int,B<int>>", "A<int const, B<int> >");
  same("class std::vector<struct Foo *,class X>", "std::vector<Foo*, X>");
  same("A<long unsigned int>", "A<unsigned long>");
  same("A<char const *>", "A<const char*>");
  same("A<unsigned __int64>", "A<unsigned long long>");
  same("A<3ul>", "A<3>");
  same("A<int const>::B", "A<const int>::B");
  EXPECT_NE(same_spelling("A<char *const>"), same_spelling("A<const char*>"));
  EXPECT_NE(same_spelling("A<constable>"), same_spelling("A<able const>"));
  EXPECT_THAT(
      spellings("X<std::pair<const int, Foo> >"),
      testing::IsSupersetOf({"X<std::pair<int const, Foo> >", "X<std::pair<const int,Foo>>"}));
}

TEST(Descriptions, BuiltInTextsAreSound) {
  for (auto text : {kLibstdcxxText, kLibcxxText, kMsvcText}) {
    auto parsed = Descriptions::parse(text, "built in");
    EXPECT_TRUE(parsed) << parsed.error().line();
  }
}

TEST(Descriptions, LinksKeepTheSpellingOfTheirName) {
  auto links = Descriptions::built_in().links(kIntTree);
  ASSERT_EQ(links.size(), 3u);
  EXPECT_EQ(links[0].member, "_M_impl._M_header._M_parent");
  EXPECT_EQ(links[0].target, "std::_Rb_tree_node<std::pair<int const, Foo> >");
  EXPECT_FALSE(links[0].may_be_head);
  EXPECT_TRUE(links[1].may_be_head);
  auto node = Descriptions::built_in().links("std::_Rb_tree_node<std::pair<int const, Foo>>");
  ASSERT_EQ(node.size(), 2u);
  EXPECT_EQ(node[0].member, "_M_left");
  EXPECT_EQ(same_spelling(node[0].target),
            same_spelling("std::_Rb_tree_node<std::pair<const int, Foo>>"));
  EXPECT_TRUE(Descriptions::built_in().links("game::Guild").empty());
  EXPECT_TRUE(Descriptions::built_in().links("").empty());
}

TEST(Descriptions, LinksOfHashTablesAndOldStrings) {
  auto links = Descriptions::built_in().links(
      "std::_Hashtable<int, int, A, X, E, H, R, D, L, std::__detail::_Hashtable_traits<true, "
      "false, "
      "true> >");
  ASSERT_EQ(links.size(), 2u);
  EXPECT_EQ(links[0].target, "std::__detail::_Hash_node<int, true>");
  EXPECT_EQ(links[1].target, "std::__detail::_Hash_node<int, true>*");
  auto cow = Descriptions::built_in().links(
      "std::basic_string<char, std::char_traits<char>, std::allocator<char> >");
  ASSERT_EQ(cow.size(), 1u);
  EXPECT_EQ(cow[0].offset, 24u);
}

TEST(Descriptions, OtherInlineNamespacesAreUnderstood) {
  auto links = Descriptions::built_in().links("std::__ndk1::__list_node<Foo, void *>");
  ASSERT_EQ(links.size(), 2u);
  EXPECT_EQ(links[0].target, "std::__ndk1::__list_node<Foo, void *>");
}

TEST(Descriptions, CellsSayWhatBytesHold) {
  auto cells =
      Descriptions::built_in().cells("__gnu_cxx::__aligned_membuf<std::pair<int const, Foo> >");
  ASSERT_EQ(cells.size(), 1u);
  EXPECT_EQ(cells[0].member, "_M_storage");
  EXPECT_EQ(cells[0].type, "std::pair<int const, Foo>");
}

TEST(Descriptions, PlainNamesAreForPeople) {
  const Descriptions& all = Descriptions::built_in();
  EXPECT_EQ(all.plain_name(kIntMap), "std::map<int, Foo>");
  EXPECT_EQ(all.plain_type("std::vector<std::__cxx11::basic_string<char, std::char_traits<char>, "
                           "std::allocator<char> >, A> *"),
            "std::vector<std::string> *");
  EXPECT_EQ(all.plain_name("std::_Rb_tree_node<std::pair<int const, Foo> >"),
            "std::map<int, Foo> node");
  EXPECT_EQ(all.plain_type("game::Guild"), "game::Guild");
  EXPECT_EQ(all.plain_type("game::Pool<std::vector<int,std::allocator<int>>>"),
            "game::Pool<std::vector<int>>");
  EXPECT_FALSE(all.plain_name("game::Guild"));
}

TEST(Descriptions, OfATeamGoBeforeTheBuiltIn) {
  auto own =
      Descriptions::parse("inquest-types 1\nclass game::Pool<$T>\n  link free -> game::Slot<$T>\n",
                          "ours.types", &Descriptions::built_in());
  ASSERT_TRUE(own) << own.error().line();
  auto links = own->links("game::Pool<Guild>");
  ASSERT_EQ(links.size(), 1u);
  EXPECT_EQ(links[0].target, "game::Slot<Guild>");
  EXPECT_EQ(own->links(kIntTree).size(), 3u);
}

TEST(Descriptions, MistakesAreNamedWithTheirLine) {
  auto says = [](std::string_view text, std::string_view what) {
    auto parsed = Descriptions::parse(text, "ours.types");
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error().line(), HasSubstr(what));
    EXPECT_THAT(parsed.error().line(), HasSubstr("ours.types"));
  };
  says("", "first line");
  says("class A\n", "line 1");
  says("inquest-types 2\n", "version \"2\"");
  says("inquest-types 1\n# x\nlink a -> b\n", "line 3: \"link\" stands before any class");
  says("inquest-types 1\nclass A<$T>\n  lnk a -> b\n", "line 3: \"lnk\" is no statement");
  says("inquest-types 1\nclass A<$T>\n  link a\n", "MEMBER -> TYPE");
  says("inquest-types 1\nclass A<$T>\n  link a..b -> c\n", "\"a..b\" is not a path");
  says("inquest-types 1\nclass A<$T>\n  link a -> c + x\n", "not a number");
  says("inquest-types 1\nclass A<$T\n  array a\nclass B<$T> >\n", "\"count\" is missing");
  says("inquest-types 1\nclass A<$T> >\n", "brackets");
  says("inquest-types 1\nclass A<$T>\n  count (a + b\n", "\")\" is missing");
  says("inquest-types 1\nclass A<$T>\n  count a\n  array b\n  list c\n", "has one of");
  says("inquest-types 1\nclass A<$T>\n  count a\n  count b\n", "said twice");
  says("inquest-types 1\nnamespace a\n", "needs two names");
}

TEST(Expressions, BindAsInC) {
  auto shape = [](std::string_view text) {
    auto parsed = Expression::parse(text);
    EXPECT_TRUE(parsed) << text;
    return parsed ? parsed->terms()[parsed->root()].op : Op::number;
  };
  EXPECT_EQ(shape("a + b * c"), Op::add);
  EXPECT_EQ(shape("a - b - c"), Op::subtract);
  EXPECT_EQ(shape("a ? b : c ?? d"), Op::otherwise);
  EXPECT_EQ(shape("*a.b->c[1]"), Op::target);
  EXPECT_EQ(shape("a as std::pair<int, char>* ?? b"), Op::otherwise);
  EXPECT_EQ(shape("a as $Ts[b + 1]"), Op::as);
  EXPECT_EQ(shape("sizeof(std::vector<int>) < 8"), Op::less);
  for (std::string_view bad :
       {"", "a +", "(a", "a[1", "a ? b", "a b", "$", "a.", "sizeof()", "a as"})
    EXPECT_FALSE(Expression::parse(bad)) << bad;
  EXPECT_FALSE(Expression::parse(std::string(100000, '(')));
  EXPECT_FALSE(Expression::parse(std::string(100000, '*') + "a"));
}

}  // namespace
}  // namespace inquest::objects
