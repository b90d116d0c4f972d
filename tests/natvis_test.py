#!/usr/bin/env python3
"""Containers that only a .natvis describes: built like those of Microsoft's library, by other names."""
import os
import pathlib
import unittest

import containers
from containers import Core, values
from patient import folder_of

NATVIS = """<?xml version="1.0" encoding="utf-8"?>
<AutoVisualizer xmlns="http://schemas.microsoft.com/vstudio/debugger/natvis/2010">
  <Type Name="own::vector&lt;*&gt;">
    <Intrinsic Name="size" Expression="_Mypair._Myval2._Mylast - _Mypair._Myval2._Myfirst" />
    <DisplayString>{{ size={size()} }}</DisplayString>
    <Expand>
      <Item Name="[capacity]" ExcludeView="simple">_Mypair._Myval2._Myend - _Mypair._Myval2._Myfirst</Item>
      <ArrayItems>
        <Size>_Mypair._Myval2._Mylast - _Mypair._Myval2._Myfirst</Size>
        <ValuePointer>_Mypair._Myval2._Myfirst</ValuePointer>
      </ArrayItems>
    </Expand>
  </Type>
  <Type Name="own::list&lt;*&gt;">
    <Expand>
      <LinkedListItems>
        <Size>_Mypair._Myval2._Mysize</Size>
        <HeadPointer>_Mypair._Myval2._Myhead-&gt;_Next</HeadPointer>
        <NextPointer>_Next</NextPointer>
        <ValueNode>_Myval</ValueNode>
      </LinkedListItems>
    </Expand>
  </Type>
  <Type Name="own::map&lt;*&gt;">
    <Expand>
      <TreeItems>
        <Size>_Mypair._Myval2._Myval2._Mysize</Size>
        <HeadPointer>_Mypair._Myval2._Myval2._Myhead-&gt;_Parent</HeadPointer>
        <LeftPointer>_Left</LeftPointer>
        <RightPointer>_Right</RightPointer>
        <ValueNode Condition="_Isnil == 0">_Myval.second</ValueNode>
      </TreeItems>
    </Expand>
  </Type>
  <Type Name="own::deque&lt;*&gt;">
    <Expand>
      <IndexListItems>
        <Size>_Mypair._Myval2._Mysize</Size>
        <ValueNode>_Mypair._Myval2._Map[(($i + _Mypair._Myval2._Myoff) / 4) % _Mypair._Myval2._Mapsize][($i + _Mypair._Myval2._Myoff) % 4]</ValueNode>
      </IndexListItems>
    </Expand>
  </Type>
  <Type Name="own::unordered_set&lt;*&gt;">
    <Expand><ExpandedItem>_List</ExpandedItem></Expand>
  </Type>
  <Type Name="own::unique_ptr&lt;*&gt;">
    <SmartPointer Usage="Minimal">_Mypair._Myval2</SmartPointer>
  </Type>
  <Type Name="own::basic_string&lt;char,*&gt;">
    <DisplayString Condition="_Mypair._Myval2._Myres &lt; 16">{_Mypair._Myval2._Bx._Buf,na}</DisplayString>
    <DisplayString>{_Mypair._Myval2._Bx._Ptr,[_Mypair._Myval2._Mysize]na}</DisplayString>
  </Type>
</AutoVisualizer>
"""


class NatvisTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = folder_of(cls)
        source = containers.MSVC.replace("namespace std", "namespace own").replace("std::", "own::")
        cls.core = Core(cls.folder.name, "own", source, "g++", "-std=c++17", "-nostdinc++")
        cls.natvis = os.path.join(cls.folder.name, "own.natvis")
        pathlib.Path(cls.natvis).write_text(NATVIS)

    def of(self, name):
        return self.core.ask(name, "--types", self.natvis)["object"]

    def test_elements(self):
        self.assertEqual(values(self.of("g_vector")), ["0", "1", "4", "9"])
        self.assertIn("capacity 10", self.of("g_vector")["note"])
        self.assertEqual(values(self.of("g_list")), ["0", "1", "2"])
        self.assertEqual(len(self.of("g_map")["fields"]), 3)
        self.assertEqual(values(self.of("g_deque")), ["100", "101", "102", "103", "104"])
        self.assertEqual(values(self.of("g_hash")), ["0", "1"])
        self.assertEqual(self.of("g_large")["value"], '"a text of more than fifteen"')
        self.assertTrue(self.of("g_unique")["value"].endswith(" 4"))

    def test_without_it_members_are_shown(self):
        self.assertNotEqual(values(self.core.ask("g_vector")["object"]), ["0", "1", "4", "9"])

    def test_what_is_left_out_is_said(self):
        answer = containers.inspect(self.core.core, "g_vector", "--types", self.natvis)
        self.assertEqual(answer.returncode, 0)
        self.assertIn("own.natvis, line 4: <Intrinsic> of own::vector<*> is left out", answer.stderr)

    def test_no_xml_is_an_error(self):
        broken = os.path.join(self.folder.name, "broken.natvis")
        pathlib.Path(broken).write_text(NATVIS[:300])
        answer = containers.inspect(self.core.core, "g_vector", "--types", broken)
        self.assertEqual(answer.returncode, 1)
        self.assertIn("broken.natvis", answer.stderr)


if __name__ == "__main__":
    unittest.main()
