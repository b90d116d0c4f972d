"""Blocks by their real type where debug information tells it: `leaks`, `refs` and `inspect` of a heap without a single
virtual table, and with one."""
import os
import unittest

import patient
from patient import folder_of, build, die, inquest

SOURCE = r"""
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>
namespace game {
struct Item { int id; long weight; };
struct Member { int id; std::string name; };
struct Guild { int id = 0; Member* leader = nullptr; std::vector<Member*> members; Item* bag = nullptr; };
struct Session { virtual ~Session() {} Guild* guild = nullptr; Item* items[4] = {}; };
}
std::map<int, game::Guild*> g_guilds;
__attribute__((noinline)) void lose() {
  for (int i = 0; i < 10; ++i) {
    auto* session = new game::Session;
    session->items[2] = new game::Item{i, i * 2};
    session = nullptr;
  }
}
__attribute__((noinline)) void serve(game::Guild* guild) {
  char scratch[4096];
  for (char& c : scratch) *(volatile char*)&c = 0;
  std::printf("%p %p %p %p\n", (void*)guild, (void*)guild->members[3], (void*)guild->members.data(), (void*)guild->bag);
  std::fflush(stdout);
  std::abort();
}
int main() {
  for (int i = 0; i < 20; ++i) {
    auto* guild = g_guilds[i] = new game::Guild;
    guild->id = i;
    for (int n = 0; n < 5; ++n) guild->members.push_back(new game::Member{n, "a member whose name is long " + std::to_string(n)});
    guild->leader = guild->members[0];
    guild->bag = new game::Item{i, 5};
  }
  lose();
  serve(g_guilds[7]);
}
"""


class HeapTypes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = folder_of(cls)
        program = os.path.join(cls.folder.name, "program")
        build(program, SOURCE, "g++", "-g", "-O0")
        cls.core = program + ".core"
        said = die(cls.core, program)
        cls.guild, cls.member, cls.buffer, cls.bag = said.split()[:4]

    def answer(self, verb, *arguments):
        return patient.answer(verb, self.core, *arguments)

    def test_refs_name_the_holder_and_its_member(self):
        value = self.answer("refs", self.member)
        self.assertEqual(value["target"]["type"], "game::Member")
        holder = next(ref["from"] for ref in value["refs"] if ref["from"].get("begin") == self.buffer)
        self.assertEqual((holder["type"], holder["member"]), ("game::Member* []", "[3]"))
        self.assertEqual(holder["element"], "game::Guild::members[3]")
        text = " ".join(inquest("refs", self.core, self.member).stdout.split())
        self.assertIn("(`game::Guild::members[3]`)", text)
        value = self.answer("refs", self.bag)
        holder = next(ref["from"] for ref in value["refs"] if ref["from"].get("begin") == self.guild)
        self.assertEqual((holder["type"], holder["member"]), ("game::Guild", "bag"))
        value = self.answer("refs", self.buffer)
        holders = [ref["from"].get("member") for ref in value["refs"] if ref["from"].get("begin") == self.guild]
        self.assertEqual(set(holders), {"members"})
        path = next(path for path in value["paths"] if path["owner"] == "global g_guilds")["places"]
        self.assertEqual(next(place["member"] for place in path if place.get("begin") == self.guild), "members")
        text = inquest("refs", self.core, self.bag).stdout
        self.assertIn("(`game::Guild`)", " ".join(text.split()))
        self.assertIn("(its `bag`)", " ".join(text.split()))
        forward = self.answer("refs", self.guild, "--from")
        self.assertIn("leader", [ref["from"].get("member") for ref in forward["refs"]])

    def test_leaks_name_lost_heads(self):
        value = self.answer("leaks")
        shape = next(shape for shape in value["shapes"] if shape.get("type") == "game::Session")
        self.assertGreaterEqual(shape["groups"], 9)
        self.assertEqual(shape["least_blocks"], 2)
        self.assertEqual(self.answer("leaks", "--typed")["shapes"], value["shapes"])

    def test_inspect_knows_a_block_without_a_virtual_table(self):
        value = self.answer("inspect", self.bag)
        self.assertEqual((value["type"]["name"], value["type"]["how"]), ("game::Item", "holder"))
        fields = {field["name"]: field["value"] for field in value["object"]["fields"]}
        self.assertEqual(fields, {"id": "7", "weight": "5"})
        inside = self.answer("inspect", hex(int(self.guild, 16) + 8))
        self.assertEqual((inside["type"]["name"], inside["type"]["member"]), ("game::Guild", "leader"))
        array = self.answer("inspect", self.buffer)
        self.assertIn("game::Member*", array["type"]["name"])
        self.assertGreater(len(array["object"]["fields"]), 4)


if __name__ == "__main__":
    unittest.main()
