"""`inquest objects TYPE` with fields, and `--types`: what a team's own containers hold, in every verb that names objects."""
import os
import pathlib
import unittest

import patient
from patient import folder_of, build, die, inquest

SOURCE = r"""
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace game {
enum class Rank { recruit, officer };
struct Guild {
  char tag[8] = "wolves";
  long gold = 700;
};
struct Entity {
  long id = 0;
  float x = 0.5f;
};
struct Player : Entity {
  std::string name;
  Rank rank = Rank::officer;
  Guild* guild = nullptr;
  std::unique_ptr<Guild> own;
  std::map<int, int> bag;
  bool online = true;
};
struct Slot {
  std::string label = "free";
  int number = 7;
};
struct Token {
  long serial = 0, owner = 0;
};
// What it holds, only its author knows.
template <class T>
struct Table {
  void* cells = nullptr;
  long used = 0;
  void add(T* one) { static_cast<void**>(cells)[used++] = one; }
};
}  // namespace game
using namespace game;

std::vector<std::unique_ptr<Player>> g_players;
Slot* g_slots;
Table<Token> g_tokens;

int main() {
  auto* guild = new Guild;
  for (int i = 0; i < 60; ++i) {
    auto player = std::make_unique<Player>();
    player->id = 100 + i;
    player->name = "player number " + std::to_string(i);
    player->guild = guild;
    if (i % 2) player->own = std::make_unique<Guild>();
    for (int n = 0; n < i % 4; ++n) player->bag[n] = n;
    std::printf("%p player\n", (void*)player.get());
    g_players.push_back(std::move(player));
  }
  std::printf("%p guild\n", (void*)guild);
  g_slots = new Slot[3];
  g_tokens.cells = std::malloc(100 * sizeof(void*));
  for (int i = 0; i < 100; ++i) g_tokens.add(new Token{i, 1});
  std::fflush(stdout);
  std::abort();
}
"""
TYPES = """inquest-types 1
class game::Table<$T>
  name  game::Table<$T>
  link  cells -> $T*
  count used
  each  *(cells as $T**)[$i]
"""


def ask(*arguments, **more):
    return inquest(*arguments, environment=more)


class Instances(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = folder_of(cls)
        program = os.path.join(cls.folder.name, "lobby")
        build(program, SOURCE, "g++", "-g", "-O1", "-std=c++20")
        cls.core = program + ".core"
        said = die(cls.core, program)
        cls.said = {}
        for line in said.splitlines():
            at, _, what = line.partition(" ")
            cls.said.setdefault(what, []).append(at)
        cls.types = program + ".types"
        pathlib.Path(cls.types).write_text(TYPES)

    def json(self, *arguments, **more):
        return patient.answer("objects", self.core, *arguments, environment=more)

    def test_every_instance_has_its_fields(self):
        found = {one["address"]: one["fields"] for one in self.json("game::Player")["instances"]}
        self.assertEqual(sorted(found), sorted(self.said["player"]))
        for i, at in enumerate(self.said["player"]):
            fields = {field["name"]: field for field in found[at]}
            base = {field["name"]: field["value"] for field in fields["game::Entity"]["fields"]}
            self.assertEqual(base, {"id": str(100 + i), "x": "0.5"})
            self.assertEqual(fields["name"]["value"], f'"player number {i}"')
            self.assertTrue(fields["rank"]["value"].endswith("officer"), fields["rank"])
            self.assertEqual(fields["guild"]["target"], self.said["guild"][0])
            self.assertIn("(game::Guild)", fields["guild"]["value"])
            self.assertEqual(fields["own"]["value"] == "empty", i % 2 == 0)
            count = i % 4
            self.assertEqual(fields["bag"]["value"], ["empty", "1 element", "2 elements", "3 elements"][count])
            self.assertEqual(fields["online"]["value"], "true")

    def test_text_and_csv_tell_them_in_a_line(self):
        text = ask("objects", self.core, "game::Player").stdout
        self.assertIn('id = 100, x = 0.5, name = "player number 0"', text)
        self.assertIn("... 20 more", text)
        self.assertNotIn("player number 59", text)
        self.assertIn("player number 59", ask("objects", self.core, "game::Player", "--all").stdout)
        self.assertLessEqual(max(map(len, text.splitlines()[-100:])), 140)
        rows = patient.rows("objects", self.core, "game::Player")
        self.assertEqual(len(rows), 60)
        self.assertTrue(rows[7]["fields"].startswith('id = 1'), rows[7])

    def test_an_array_tells_its_first(self):
        (array,) = self.json("game::Slot")["instances"]
        self.assertEqual(array["count"], 3)
        self.assertEqual([field["value"] for field in array["fields"]], ['"free"', "7"])

    def test_a_described_container_names_what_it_holds(self):
        def tokens(*arguments, **more):
            return [one for one in self.json("game::Token", *arguments, **more)["instances"] if one["how"] != "likeness"]

        self.assertEqual(tokens(), [])
        found = tokens("--types", self.types)
        self.assertEqual(len(found), 100)
        self.assertEqual({one["how"] for one in found}, {"holder"})
        self.assertEqual(sorted(int(one["fields"][0]["value"]) for one in found), list(range(100)))
        self.assertEqual(len(tokens(INQUEST_TYPES=f"{self.types}:")), 100)

    def test_the_other_verbs_take_the_description(self):
        question = "select count(*) from objects where type = 'game::Token' and how <> 'likeness'"
        answer = ask("sql", self.core, question, "--types", self.types, "--format", "csv")
        self.assertEqual(answer.stdout.split()[-1], "100", answer.stderr)
        for verb in ("leaks", "why", "stack"):
            answer = ask(verb, self.core, "--types", self.types)
            self.assertEqual(answer.returncode, 0, answer.stderr)
        text = ask("inspect", self.core, "g_tokens", INQUEST_TYPES=self.types).stdout
        self.assertIn("100 elements", text)
        pathlib.Path(self.types + ".wrong").write_text("inquest-types 1\nclass game::Table<$T>\n  cuont used\n")
        for verb in ("objects", "leaks", "why"):
            answer = ask(verb, self.core, "--types", self.types + ".wrong")
            self.assertEqual(answer.returncode, 1)
            self.assertRegex(answer.stderr, r"\.wrong: line 3.*\"cuont\"")


if __name__ == "__main__":
    unittest.main()
