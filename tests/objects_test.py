"""`inquest objects` on real cores: with debug information, without, and stripped; the truth is the program's own."""
import os
import unittest

import patient
from patient import folder_of, build, die, inquest

SOURCE = r"""
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace game {
struct Shape {
  virtual ~Shape() = default;
  virtual int area() const = 0;
  Shape* next = nullptr;
};
struct Square : Shape {
  int area() const override { return 4; }
  int side = 3;
};
struct Named {
  virtual ~Named() = default;
  std::string title = "a title that is too long to stand inside of the string";
};
struct Poster : Square, Named {
  int area() const override { return 1; }
};
template <class T>
struct Box : Shape {
  int area() const override { return 2; }
  T value = {};
  char room[200] = {};
};
struct Item {  // not trivial: new Item[n] keeps the count
  ~Item() { value = 0; }
  long value = 7;
  struct Leaf* leaf = nullptr;
};
struct Leaf {
  long a = 1, b = 2;
  Leaf* next = nullptr;
  static Leaf* first;
};
Leaf* Leaf::first = nullptr;
struct Plain {
  double x[5] = {};
};
}  // namespace game

using namespace game;

struct World {
  std::map<int, std::string> names;
  std::unordered_map<int, Leaf*> leaves;
  std::list<Plain> plains;
  std::vector<Plain> table;
  std::vector<std::unique_ptr<Shape>> shapes;
  Item* items = nullptr;
  Named* named = nullptr;
  void* anything = nullptr;
  char* buffer = nullptr;
  int* numbers = nullptr;
};

World* world;
thread_local Leaf* of_thread;

template <class T>
T told(const char* type, T block) {
  std::printf("%p %s\n", (void*)block, type);
  return block;
}

void keep_static() {
  static Leaf* kept = told("game::Leaf", new Leaf);
  kept->a = 5;
}

int main() {
  world = told("World", new World);
  for (int i = 0; i < 50; ++i) {
    std::string& name = world->names[i];
    name = "the name of one that lives in the map, no. " + std::to_string(i);
    told("text", (void*)name.data());
    world->leaves[i] = told("game::Leaf", new Leaf);
    world->plains.push_back({});
  }
  for (int i = 0; i < 40; ++i) world->table.push_back({});
  told("game::Plain", world->table.data());
  for (int i = 0; i < 20; ++i) {
    world->shapes.emplace_back(told("game::Square", new Square));
    world->shapes.emplace_back(told("game::Poster", new Poster));
    world->shapes.emplace_back(told("game::Box<unsigned long>", new Box<unsigned long>));
  }
  world->items = new Item[12];
  world->items[3].leaf = told("game::Leaf", new Leaf);
  told("game::Item", world->items);
  world->named = new Poster;
  told("game::Poster", dynamic_cast<void*>(world->named));
  world->anything = told("", std::malloc(333));
  std::memset(world->anything, 0x81, 333);
  world->numbers = told("int", new int[100]());
  Leaf::first = told("game::Leaf", new Leaf);
  Leaf::first->next = told("game::Leaf", new Leaf);
  of_thread = told("game::Leaf", new Leaf);
  keep_static();
  std::fflush(stdout);
  std::abort();
}
"""


def objects(*arguments):
    return inquest("objects", *arguments)


class Objects(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = folder_of(cls)
        cls.cores, cls.truth = {}, {}
        for name, flags in (("debug", ["-g", "-O0"]), ("optimised", ["-g", "-O2"]), ("symbols", ["-O1"]),
                            ("stripped", ["-O1", "-s"])):
            program = os.path.join(cls.folder.name, name)
            build(program, SOURCE, "g++", *flags)
            cls.cores[name] = program + ".core"
            said = die(cls.cores[name], program)
            cls.truth[name] = dict(line.split(" ", 1) for line in said.splitlines() if line.startswith("0x"))

    def json(self, *arguments):
        return patient.answer("objects", *arguments)

    def instances(self, name):
        return {one["address"]: one for one in self.json(self.cores[name], ".")["instances"]}

    def test_with_debug_information_all_is_known(self):
        for name in ("debug", "optimised"):
            found = self.instances(name)
            wrong = {at: (type, found.get(at)) for at, type in self.truth[name].items()
                     if (found[at]["type"] if at in found else "").replace("long unsigned int", "unsigned long") != type}
            self.assertEqual(wrong, {}, name)
            census = {sum.get("type"): sum for sum in self.json(self.cores[name])["census"]}
            nodes = [sum for type, sum in census.items() if type and type.startswith("std::_Rb_tree_node<")]
            self.assertEqual([sum["blocks"] for sum in nodes], [50])
            nodes = [sum for type, sum in census.items() if type and type.startswith("std::_List_node<")]
            self.assertEqual([sum["blocks"] for sum in nodes], [50])
            nodes = [sum for type, sum in census.items()
                     if type and type.startswith("std::__detail::_Hash_node<") and not type.endswith("*")]
            self.assertEqual([sum["blocks"] for sum in nodes], [50])
            self.assertEqual(census["game::Item"]["objects"], 12)
            self.assertEqual(census["game::Square"]["how"], {"virtual table": 20})

    def test_without_it_classes_with_tables_text_and_nodes_are(self):
        for name, how in (("symbols", "virtual table"), ("stripped", "rtti")):
            found = self.instances(name)
            for at, type in self.truth[name].items():
                if at not in found:
                    self.assertNotIn(type, ("game::Square", "game::Poster", "text"), name)
                elif type in ("game::Square", "game::Poster") or type.startswith("game::Box"):
                    self.assertEqual((found[at]["type"], found[at]["how"]), (type, how))
                elif type == "text":
                    self.assertEqual(found[at]["type"], "text")
                else:
                    # Never the name of a class that it is not.
                    self.assertEqual(found[at]["how"], "shape", (type, found[at]))
            census = {sum.get("type"): sum for sum in self.json(self.cores[name])["census"]}
            self.assertGreaterEqual(census["tree node"]["blocks"], 49)
            self.assertGreaterEqual(census["list node"]["blocks"], 49)

    def test_what_accounts_for_the_bytes_is_said(self):
        for name, least in (("debug", 0.95), ("stripped", 0)):
            answer = self.json(self.cores[name])
            all_bytes, said = answer["totals"]["bytes"], answer["explained"]
            self.assertEqual(said["bytes"], all_bytes)
            self.assertEqual(said["typed"] + said["text"] + said["held"] + said["shared"] + said["unknown"], all_bytes)
            self.assertEqual(said["unnamed"] + said["lost"], said["unknown"])
            self.assertGreaterEqual(all_bytes - said["unknown"], least * all_bytes, name)
            self.assertEqual(sum(one["bytes"] for one in said["holders"]), said["held"])
        self.assertIn("accounted for by\ntyped ", objects(self.cores["debug"]).stdout)
        self.assertNotIn("explained", self.json(self.cores["debug"], "game::Leaf"))

    def test_types_are_asked_for_by_name_and_by_expression(self):
        core = self.cores["debug"]
        self.assertEqual(len(self.json(core, "game::Poster")["instances"]), 21)
        self.assertEqual(len(self.json(core, "^game::(Poster|Square)$")["instances"]), 41)
        self.assertEqual(self.json(core, "no such type")["instances"], [])
        self.assertEqual(objects(core, "((").returncode, 2)
        rows = patient.rows("objects", core, "game::Poster")
        self.assertEqual(len(rows), 21)
        self.assertTrue(all(row["address"].startswith("0x") for row in rows))
        rows = patient.rows("objects", core)
        self.assertIn("game::Poster", [row["type"] for row in rows])
        text = objects(core).stdout
        self.assertIn("game::Poster", text)
        self.assertIn("the type is known of", text)
        self.assertIn("Instances", objects(core, "game::Poster").stdout)
        self.assertEqual(objects("/nowhere").returncode, 1)
        self.assertEqual(objects().returncode, 2)


if __name__ == "__main__":
    unittest.main()
