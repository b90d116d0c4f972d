"""`inspect`: the elements and values of the containers of each library, as each compiler describes them."""
import shutil
import tempfile
import unittest

from containers import CONTAINERS, MSVC, Core, by_name, libcxx_flags, values
from patient import folder_of


class Containers:
    """What holds for each library."""

    def field(self, name):
        return self.fields[name]

    def test_sequences(self):
        self.assertEqual(values(self.field("ints")), ["1", "2", "3"])
        self.assertEqual(self.field("no_ints")["value"], "empty")
        self.assertEqual(self.field("ints")["type"], "std::vector<int>")
        self.assertEqual(values(self.field("bits")), ["true", "false", "true"])
        self.assertEqual(self.field("deque")["value"], "995 elements")
        self.assertEqual(values(self.field("deque"))[:3], ["5", "6", "7"])
        wide = by_name(self.core.ask("g_all", "--width", "2000")["object"])
        self.assertEqual(values(wide["deque"]), [str(i) for i in range(5, 1000)])
        self.assertEqual(self.field("no_deque")["value"], "empty")
        self.assertEqual(values(self.field("list")), ["4", "5", "6"])
        self.assertEqual(self.field("no_list")["value"], "empty")
        self.assertEqual(values(self.field("forward")), ["7", "8"])
        self.assertEqual(values(self.field("array")), ["10", "11", "12"])
        self.assertEqual(values(self.field("queue")), ["0", "1", "2"])
        self.assertEqual(values(self.field("stack")), ["0", "1", "2"])
        self.assertEqual(values(self.field("priority"))[0], "2")
        second = by_name(self.field("users")["fields"][1])
        self.assertEqual(second["name"]["value"], '"a name that is longer than any small string"')
        self.assertEqual(second["rank"]["value"], "officer")
        pointer = self.field("pointers")["fields"][0]
        self.assertEqual(pointer["target"], self.core.said["user"])

    def test_maps(self):
        field = self.field("map")
        self.assertEqual(field["value"], "100 elements")
        self.assertEqual(field["type"], "std::map<int, game::User>")
        self.assertEqual(by_name(by_name(field)["[7]"])["name"]["value"], '"user 7"')
        self.assertIn("68 more", field["note"])
        wide = by_name(self.core.ask("g_all", "--width", "200")["object"])
        self.assertEqual([f["name"] for f in wide["map"]["fields"]], [f"[{i}]" for i in range(100)])
        keys = [by_name(f)["id"]["value"] for f in wide["hash"]["fields"]]
        self.assertEqual(keys, self.core.said["hash"].split())
        self.assertIn('["key 3"]', by_name(wide["hash"]))
        for name in ("no_map", "no_hash"):
            self.assertEqual(self.field(name)["value"], "empty", name)
        self.assertEqual(values(self.field("multimap")), ["1", "2"])
        self.assertEqual(values(self.field("set")), ['"x"', '"y"'])
        self.assertEqual(values(self.field("hash_set")), ["42"])
        nested = self.field("nested")["fields"]
        self.assertEqual([f["name"] for f in nested], ["[1]", "[2]"])
        self.assertEqual(values(nested[0]), ['"a"', '"b"'])
        self.assertEqual(nested[1]["value"], "empty")

    def test_texts(self):
        for name, value in (("small", '"small"'), ("none", '""'), ("utf16", 'u"가 16"'), ("utf32", 'U"32"'),
                            ("wide", 'L"wide €"'), ("korean", '"한글"'), ("utf8", '"한글"'), ("view", '"viewed"'),
                            ("bytes", '"\\xff\\xfe\\n\\""')):
            self.assertEqual(self.field(name).get("value"), value, name)
        self.assertIn("CP949", self.field("korean")["note"])
        self.assertNotIn("note", self.field("utf8"))
        self.assertEqual(self.field("large")["value"], '"' + "L" * 200 + '"...')
        self.assertEqual(self.field("large")["note"], "300 characters")
        self.assertEqual(self.field("small")["type"], "std::string")

    def test_pointers_and_alternatives(self):
        self.assertEqual(by_name(self.field("shared")["fields"][0])["name"]["value"], '"shared"')
        self.assertIn("owners 1", self.field("shared")["note"])
        self.assertEqual(self.field("no_shared")["value"], "empty")
        self.assertEqual(self.field("weak")["note"], "shown above; owners 1")
        self.assertEqual(self.field("weak")["target"], self.field("shared")["target"])
        self.assertEqual(self.field("expired")["value"], "empty")
        unique = self.field("unique")
        self.assertEqual(unique["target"], self.core.said["user"])
        self.assertEqual(by_name(unique["fields"][0])["id"]["value"], "4")
        self.assertEqual(self.field("no_unique")["value"], "empty")
        self.assertEqual(self.field("some")["value"], "5")
        self.assertEqual(self.field("nothing")["value"], "empty")
        self.assertEqual(by_name(self.field("some_user")["fields"][0])["id"]["value"], "5")
        self.assertEqual(self.field("variant")["value"], '"alternative"')
        self.assertTrue(self.field("any")["value"].endswith('"anything"'), self.field("any"))
        self.assertEqual(self.field("small_any")["value"], "17")
        self.assertEqual(self.field("no_any")["value"], "empty")
        self.assertEqual(self.field("no_function")["value"], "empty")
        self.assertEqual(self.field("atomic")["value"], "77")


class LibstdcxxContainers(Containers, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = folder_of(cls)
        cls.core = Core(cls.folder.name, "gcc", CONTAINERS, "g++", "-std=c++17")
        cls.fields = by_name(cls.core.ask("g_all")["object"])


@unittest.skipUnless(shutil.which("clang++-19"), "no clang")
class ClangContainers(Containers, unittest.TestCase):
    """clang's debug information of libstdc++, which spells names in its own way."""

    @classmethod
    def setUpClass(cls):
        cls.folder = folder_of(cls)
        cls.core = Core(cls.folder.name, "clang", CONTAINERS, "clang++-19", "-std=c++17", "-fstandalone-debug")
        cls.fields = by_name(cls.core.ask("g_all")["object"])


@unittest.skipUnless(libcxx_flags(), "no libc++")
class LibcxxContainers(Containers, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = folder_of(cls)
        command, library = libcxx_flags()
        cls.core = Core(cls.folder.name, "libcxx", CONTAINERS, *command, environment={"LD_LIBRARY_PATH": library})
        cls.fields = by_name(cls.core.ask("g_all")["object"])


class MsvcContainers(unittest.TestCase):
    """Layouts of Microsoft's library, release and with debug iterators."""

    def test_release(self):
        self.check()

    def test_debug_iterators(self):
        self.check("-DDEBUG_ITERATORS")

    def check(self, *flags):
        with tempfile.TemporaryDirectory() as folder:
            core = Core(folder, "msvc", MSVC, "g++", "-std=c++17", "-nostdinc++", *flags)

            def of(name):
                return core.ask(name)["object"]

            self.assertEqual(values(of("g_vector")), ["0", "1", "4", "9"])
            self.assertIn("capacity 10", of("g_vector")["note"])
            self.assertEqual(of("g_small")["value"], '"small"')
            self.assertEqual(of("g_large")["value"], '"a text of more than fifteen"')
            self.assertEqual(of("g_wide")["value"], 'L"wide"')
            self.assertEqual([f["name"] for f in of("g_map")["fields"]], ["[1]", "[2]", "[3]"])
            self.assertEqual(values(of("g_map")), ['"value"'] * 3)
            self.assertEqual(values(of("g_list")), ["0", "1", "2"])
            self.assertEqual(values(of("g_deque")), ["100", "101", "102", "103", "104"])
            self.assertEqual(values(of("g_hash")), ["0", "1"])
            self.assertTrue(of("g_unique")["value"].endswith(" 4"))
            self.assertIn("owners 2", of("g_shared")["note"])
            self.assertEqual(of("g_optional")["value"], "6")


if __name__ == "__main__":
    unittest.main()
