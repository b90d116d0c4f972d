"""`inspect`: what lies at a variable, an object, a place in memory of a real program; casts, damage, descriptions, gdb."""
import pathlib
import re
import shutil
import subprocess
import unittest

from containers import CONTAINERS, Core, by_name, inspect, values
from patient import folder_of


class Inspect(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = folder_of(cls)
        cls.core = Core(cls.folder.name, "gcc", CONTAINERS, "g++", "-std=c++17")
        cls.answer = cls.core.ask("g_all")
        cls.fields = by_name(cls.answer["object"])

    def test_variable_is_named(self):
        self.assertEqual(self.answer["place"]["kind"], "global")
        self.assertEqual(self.answer["variable"]["name"], "g_all")
        self.assertEqual(self.answer["type"]["name"], "All")
        inner = self.core.ask(self.fields["map"]["address"])
        self.assertEqual(inner["variable"]["name"], "g_all")
        self.assertTrue(inner["type"]["member"].startswith("map"), inner["type"])

    def test_scalars(self):
        fields = by_name(self.core.ask("g_plain")["object"])
        for name, value in (("yes", "true"), ("letter", "65 'A'"), ("byte", "200"), ("small", "-5"), ("big", "4000000000"),
                            ("huge", "-1"), ("ratio", "0.5"), ("half", "2.25"), ("rights", "may_read | may_kick"),
                            ("rank", "leader"), ("odd", "9"), ("nothing", "null"), ("room", '"fixed"')):
            self.assertEqual(fields[name]["value"], value, name)
        self.assertTrue(fields["text"]["value"].endswith('"plain text"'))
        self.assertEqual(values(fields["table"]), ["1", "2", "3"])
        self.assertIn("code", fields["code"]["value"])
        self.assertIn("block of ", fields["user"]["value"])

    def test_object_by_its_virtual_table(self):
        answer = self.core.ask(self.core.said["guild"])
        self.assertEqual((answer["type"]["name"], answer["type"]["how"]), ("game::Guild", "virtual table"))
        self.assertEqual(answer["block"]["state"], "used")
        fields = by_name(answer["object"])
        self.assertEqual(fields["name"]["value"], '"Bears"')
        self.assertEqual(fields["points"]["value"], "-3")
        self.assertEqual(fields["flag"]["value"], "1")
        self.assertEqual((fields["base_value"]["value"], fields["other"]["value"]), ("7", "8"))
        self.assertIn("vtable for game::Guild", answer["bytes"][0]["words"][0])
        # By the table of its second base the same object is found.
        second = self.core.ask(self.core.said["other"])
        self.assertEqual(second["type"]["address"], self.core.said["guild"])
        followed = by_name(self.core.ask(self.core.said["guild"], "--follow", "--depth", "5")["object"])
        user = followed["members"]["fields"][0]["fields"][0]
        self.assertEqual(by_name(user)["name"]["value"], '"unique"')

    def test_cast(self):
        answer = self.core.ask(self.core.said["user"], "--as", "game::User")
        self.assertEqual(answer["type"]["how"], "asked for")
        self.assertEqual(by_name(answer["object"])["name"]["value"], '"unique"')
        wrong = inspect(self.core.core, self.core.said["user"], "--as", "game::Nobody")
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("game::Nobody", wrong.stderr)
        flat = self.core.ask(self.core.said["user"], "--as", "game::User", "--depth", "0")
        self.assertNotIn("fields", flat["object"])

    def test_places(self):
        freed = self.core.ask(self.core.said["freed"])
        self.assertIn(freed["block"]["state"], ("free", "cached"))
        self.assertIn("freed", inspect(self.core.core, self.core.said["freed"]).stdout.splitlines()[0])
        stack = self.core.ask(self.core.said["local"])
        self.assertEqual(stack["place"]["kind"], "stack")
        self.assertEqual(stack["variable"]["name"], "local")
        self.assertEqual(stack["object"]["target"], self.core.said["user"])
        on_stack = self.core.ask(self.core.said["stack"])
        self.assertEqual(values(by_name(on_stack["object"])["ints"]), ["1", "2", "3", "99"])
        code = self.core.ask(self.core.said["code"])
        self.assertEqual(code["place"]["kind"], "code")
        self.assertIn("code", code["place"]["code"])
        self.assertEqual(self.core.ask("0x10")["place"]["kind"], "nowhere")

    def test_damaged_containers_give_what_they_can(self):
        tree = self.core.ask("g_broken_map", "--width", "100")["object"]
        self.assertIn("0x10, which is not in the dump", tree["note"])
        self.assertGreaterEqual(len(tree["fields"]), 16)
        circle = self.core.ask("g_circle", "--width", "100")["object"]
        self.assertIn("circle", circle["note"])
        self.assertEqual(values(circle)[:20], [str(i) for i in range(20)])
        self.assertIn("negative", self.core.ask("g_broken_vector")["object"]["note"])

    def test_text_and_usage(self):
        text = inspect(self.core.core, "g_all").stdout
        self.assertIn("std::map<int, game::User>", text)
        self.assertNotIn("\x1b", text)
        self.assertEqual(inspect(self.core.core, "no_such_thing").returncode, 2)
        self.assertEqual(inspect(self.core.core).returncode, 2)
        self.assertEqual(inspect(self.core.core, "0x10", "--depth", "-1").returncode, 2)
        self.assertEqual(inspect("/nowhere", "0x10").returncode, 1)
        self.assertIn("Examples", inspect("--help").stdout)

    def test_own_descriptions(self):
        types = self.core.program + ".types"
        pathlib.Path(types).write_text("inquest-types 1\nclass game::Guild\n  name Guild\n  same members\n")
        answer = self.core.ask(self.core.said["guild"], "--types", types)
        self.assertEqual(answer["object"]["value"], "1 element")
        pathlib.Path(types).write_text("inquest-types 1\nclass game::Guild\n  sam members\n")
        wrong = inspect(self.core.core, "g_all", "--types", types)
        self.assertEqual(wrong.returncode, 1)
        self.assertRegex(wrong.stderr, r"\.types: line 3.*\"sam\"")

    @unittest.skipUnless(shutil.which("gdb"), "no gdb")
    def test_gdb_sees_the_same(self):
        ran = subprocess.run(["gdb", "-q", "-batch", "-ex", "print g_all.list", "-ex", "print g_all.variant", "-ex",
                              "print g_all.set", self.core.program, self.core.core], capture_output=True, text=True)
        if "std::__cxx11::list" not in ran.stdout and "std::list" not in ran.stdout:
            self.skipTest("gdb has no printers of libstdc++")
        compared = 0
        for name in ("list", "set"):
            # gdb 13 fails to print a set whose node type it does not find.
            match = re.search(r"std::(?:__cxx11::)?%s(?: with \d+ elements)? = \{(.*)\}" % name, ran.stdout)
            if not match:
                continue
            shown = [re.sub(r"^\[\d+\] = ", "", part) for part in match.group(1).split(", ")]
            self.assertEqual(shown, values(self.fields[name]))
            compared += 1
        self.assertGreater(compared, 0, ran.stdout)


if __name__ == "__main__":
    unittest.main()
