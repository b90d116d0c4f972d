#include "objects/containers/natvis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "objects/containers.h"
#include "objects/containers/natvis_words.h"

namespace inquest::objects {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string wrap(std::string_view inner) {
  return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
         "<AutoVisualizer xmlns=\"http://schemas.microsoft.com/vstudio/debugger/natvis/2010\">\n" +
         std::string(inner) + "</AutoVisualizer>\n";
}
Natvis translated(std::string_view inner) {
  auto natvis = translate_natvis(wrap(inner), "our.natvis");
  EXPECT_TRUE(natvis) << natvis.error().line();
  if (!natvis) return {};
  auto parsed = Descriptions::parse(natvis->text, "our.natvis");
  EXPECT_TRUE(parsed) << parsed.error().line() << natvis->text;
  return std::move(*natvis);
}
std::vector<std::string> said(const Natvis& natvis) {
  std::vector<std::string> out;
  for (const Warning& one : natvis.warnings) out.push_back(one.what);
  return out;
}

TEST(Natvis, ArraysAndWhatIsShownBesideThem) {
  Natvis natvis = translated(R"(<Type Name="game::Pool&lt;*&gt;">
    <DisplayString>{{ size={used} }}</DisplayString>
    <Expand>
      <Item Name="[capacity]" ExcludeView="simple">end - begin</Item>
      <ArrayItems>
        <Size>used,d</Size>
        <ValuePointer>begin,na</ValuePointer>
      </ArrayItems>
    </Expand>
  </Type>)");
  EXPECT_THAT(natvis.warnings, IsEmpty());
  EXPECT_THAT(natvis.text, HasSubstr("class game::Pool<$T1>\nclass game::Pool<$T1, $T2>\n"));
  EXPECT_THAT(natvis.text, HasSubstr("  show capacity = end - begin\n  count used\n"
                                     "  array begin\n"));
}

TEST(Natvis, ListsTreesAndIndices) {
  Natvis natvis = translated(R"(<Type Name="List">
    <Expand><LinkedListItems><Size>size</Size><HeadPointer>head-&gt;next</HeadPointer>
      <NextPointer>next</NextPointer><ValueNode>value</ValueNode></LinkedListItems></Expand></Type>
  <Type Name="Tree"><Expand><TreeItems><Size>size</Size><HeadPointer>head</HeadPointer>
      <LeftPointer>left</LeftPointer><RightPointer>right</RightPointer>
      <ValueNode Condition="isnil == 0">value</ValueNode></TreeItems></Expand></Type>
  <Type Name="Deque"><Expand><IndexListItems><Size>size</Size>
      <ValueNode>map[$i / 4][$i % 4]</ValueNode></IndexListItems></Expand></Type>
  <Type Name="Same"><Expand><ExpandedItem>list</ExpandedItem></Expand></Type>
  <Type Name="Ref&lt;*&gt;"><SmartPointer Usage="Minimal">($T1 *)pointer</SmartPointer></Type>
  <Type Name="Text"><DisplayString>{data,[length]s}</DisplayString></Type>)");
  EXPECT_THAT(said(natvis), IsEmpty());
  for (const char* line :
       {"  count size\n  ring \n  list head->next\n  next next\n  item value\n",
        "  tree head\n  left left\n  right right\n  nil !(isnil == 0)\n  item value\n",
        "  count size\n  each map[$i / 4][$i % 4]\n", "class Same\n  same list\n",
        "  value *(pointer as $T1 *) if (pointer as $T1 *)\n", "  count length\n  text data\n"}) {
    EXPECT_THAT(natvis.text, HasSubstr(line));
  }
}

TEST(Natvis, ConditionsChooseSizesAndPointers) {
  Natvis natvis = translated(R"(<Type Name="Small"><Expand><ArrayItems>
    <Size>size</Size>
    <ValuePointer Condition="size &lt;= 4">in_place</ValuePointer>
    <ValuePointer Condition="size &gt; 4">pointer</ValuePointer>
  </ArrayItems></Expand></Type>)");
  EXPECT_THAT(natvis.text,
              HasSubstr("array (size <= 4) ? (in_place) : ((size > 4) ? (pointer) : (0))"));
}

TEST(Natvis, WhatCannotBeSaidIsNamedWithItsLine) {
  Natvis natvis = translated(R"(<Type Name="A"><Expand>
<CustomListItems><Variable Name="x" InitialValue="0"/></CustomListItems>
<Item Name="first one!">a</Item>
<Item Name="b">call(a)</Item>
<ArrayItems><Size>n</Size><ValuePointer>p + </ValuePointer></ArrayItems>
</Expand></Type>
<Type Name="int*"><Expand/></Type>
<Intrinsic Name="f" Expression="1"/>
<Type Name="Good"><Expand><ArrayItems><Size>n</Size><ValuePointer>p</ValuePointer></ArrayItems></Expand></Type>
)");
  auto all = said(natvis);
  EXPECT_THAT(
      all, ElementsAre(HasSubstr("our.natvis, line 4: <CustomListItems> of A is left out"),
                       HasSubstr("line 5: <Item> of A"), HasSubstr("line 6: <Item> of A"),
                       HasSubstr("line 7: <ArrayItems> of A"), HasSubstr("line 9: <Type> of int*"),
                       HasSubstr("line 10: <Intrinsic>")));
  EXPECT_THAT(natvis.text, HasSubstr("class Good\n"));
  EXPECT_THAT(natvis.text, Not(HasSubstr("class A\n")));
}

TEST(Natvis, DamagedFilesAreErrors) {
  EXPECT_FALSE(translate_natvis("<AutoVisualizer><Type", "x"));
  EXPECT_FALSE(translate_natvis("<Other/>", "x"));
  EXPECT_FALSE(translate_natvis("", "x"));
  EXPECT_TRUE(is_natvis("\xef\xbb\xbf<?xml version='1.0'?>"));
  EXPECT_FALSE(is_natvis("inquest-types 1\n"));
}

TEST(Natvis, NoTextBreaksOutOfItsLine) {
  Natvis natvis = translated(
      "<Type Name=\"A\nclass B\"><Expand><ExpandedItem>a\n  name x"
      "</ExpandedItem></Expand></Type>");
  EXPECT_THAT(natvis.text, Not(HasSubstr("\nclass B")));
  EXPECT_THAT(natvis.text, Not(HasSubstr("\n  name")));
}

TEST(NatvisWords, WildcardsAndSpecifiers) {
  EXPECT_EQ(natvis_patterns("A<*,B<*>>").front(), "A<$T1,B<$T2>>");
  EXPECT_EQ(natvis_patterns("A<*,int>").size(), 1u);
  EXPECT_GT(natvis_patterns("A<int,*>").size(), 3u);
  EXPECT_THAT(natvis_patterns("A*"), IsEmpty());
  EXPECT_EQ(natvis_expression(" a[f(1,2)] , [n]na"), "a[f(1,2)]");
  EXPECT_EQ(natvis_expression("p == nullptr"), "p == 0");
  EXPECT_EQ(natvis_expression("(node *)a->b"), "a->b as node *");
  EXPECT_EQ(natvis_expression("(a + b) * c"), "(a + b) * c");
  EXPECT_EQ(natvis_item_name("[bucket count]"), "bucket_count");
  EXPECT_EQ(natvis_item_name("[<raw>]"), "");
  EXPECT_EQ(natvis_text("{p,[n]s8}").count, "n");
  EXPECT_EQ(natvis_text("size {n}").pointer, "");
}

}  // namespace
}  // namespace inquest::objects
