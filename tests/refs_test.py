"""`inquest refs` and the suspects of `inquest leaks` on a real core: who keeps what, by name."""
import json
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
struct Line { char text[1000]; };
struct ChatLog {
  virtual ~ChatLog() {}
  std::vector<Line*> lines;
};
struct Room { int id = 0; ChatLog* log = nullptr; };
std::map<int, Room*> g_rooms;
ChatLog* g_other = nullptr;
__attribute__((noinline)) void serve(Line* volatile mine) {
  Room* room = g_rooms[7];
  std::printf("%p %p %p %p %p\n", (void*)room->log->lines[3], (void*)room->log, (void*)room, (void*)mine,
              (void*)&g_rooms);
  std::fflush(stdout);
  std::abort();
  std::printf("%p", (void*)mine);
}
int main() {
  for (int i = 0; i < 20; ++i) g_rooms[i] = new Room;
  Room* room = g_rooms[7];
  room->log = new ChatLog;
  for (int i = 0; i < 500; ++i) room->log->lines.push_back(new Line);
  g_other = new ChatLog;
  g_other->lines.push_back(room->log->lines[499]);
  Line* stale = new Line;
  g_other->lines.push_back(stale);
  Line* mine = new Line;
  delete stale;
  serve(mine);
}
"""


class Refs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = folder_of(cls)
        program = os.path.join(cls.folder.name, "program")
        build(program, SOURCE, "g++", "-O0")
        cls.core = program + ".core"
        said = die(cls.core, program)
        cls.line, cls.log, cls.room, cls.local, cls.map = said.split()[:5]

    def json(self, *arguments):
        return patient.answer("refs", self.core, *arguments)

    def test_the_chain_of_keepers_ends_at_the_global(self):
        value = self.json(self.line)
        self.assertEqual(value["reach"], "reachable")
        keepers = value["keepers"]
        self.assertEqual(keepers[-1]["name"], "global g_rooms")
        blocks = [keeper.get("begin") for keeper in keepers]
        self.assertLess(blocks.index(self.log), blocks.index(self.room))
        self.assertEqual(keepers[blocks.index(self.log)]["type"], "ChatLog")
        self.assertEqual(value["retained"]["blocks"], 1)

    def test_paths_lead_from_the_root_to_the_block(self):
        value = self.json(self.line)
        path = next(path for path in value["paths"] if path["owner"] == "global g_rooms")
        places = path["places"]
        self.assertEqual(places[0]["kind"], "global")
        self.assertEqual(places[-1]["begin"], self.line)
        self.assertIn(self.room, [place.get("begin") for place in places])
        # The pointer to the log is the second word of a room.
        room = next(place for place in places if place.get("begin") == self.room)
        self.assertEqual(room["offset"], 8)

    def test_holders_and_their_words(self):
        value = self.json(self.log)
        holders = [ref["from"] for ref in value["refs"] if ref["from"]["kind"] == "block"]
        self.assertEqual([(place["begin"], place["offset"]) for place in holders], [(self.room, 8)])
        self.assertEqual(value["retained"]["blocks"], 501, "the last line has another holder")
        further = self.json(self.log, "--depth", "2")
        self.assertIn(2, [ref["level"] for ref in further["refs"]])

    def test_a_thread_is_named_with_its_function(self):
        value = self.json(self.local)
        names = [ref["from"].get("name", "") for ref in value["refs"]]
        self.assertTrue(any(": serve" in name for name in names), names)
        self.assertIn("stack", value["keepers"][-1]["name"])

    def test_what_a_block_points_to(self):
        value = self.json(self.room, "--from")
        self.assertEqual(value["direction"], "from")
        self.assertIn(self.log, [ref["to"].get("begin") for ref in value["refs"]])
        log = self.json(self.log, "--from")
        self.assertTrue(any("vtable for ChatLog" in ref["to"].get("name", "") for ref in log["refs"]), log["refs"])

    def test_variables_and_strangers(self):
        value = self.json(self.map)
        self.assertEqual(value["target"]["name"], "global g_rooms")
        self.assertNotIn("reach", value)
        self.assertGreater(value["count"], 0, "the tree's root points to its head")
        self.assertEqual(self.json("0x10")["target"]["kind"], "unknown")
        self.assertEqual(inquest("refs", self.core, "what").returncode, 2)
        self.assertEqual(inquest("refs", "/nowhere", "0x10").returncode, 1)

    def test_dumps_of_all_kinds_are_answered(self):
        for dump in sorted((patient.ROOT / "fuzz/corpus/minidump").iterdir()):
            answer = inquest("refs", str(dump), "0x1000", "--format", "json")
            self.assertEqual(answer.returncode, 0, answer.stderr)
            patient.check(json.loads(answer.stdout), "refs")

    def test_formats(self):
        text = inquest("refs", self.core, self.line).stdout
        self.assertIn("global g_rooms", text)
        self.assertIn("`ChatLog`", text)
        rows = patient.rows("refs", self.core, self.log)
        self.assertIn(self.room, [row["holder"] for row in rows])

    def test_the_suspect_is_named(self):
        answer = inquest("leaks", self.core, "--format", "json")
        value = json.loads(answer.stdout)
        patient.check(value, "leaks")
        suspect = value["suspects"][0]
        self.assertEqual(suspect["owners"], ["global g_rooms"])
        self.assertGreater(suspect["share"], 0.8)
        self.assertEqual(suspect["kinds"][0]["blocks"], 499)
        self.assertEqual(suspect["inside"]["type"], "ChatLog")
        self.assertIn("of global g_rooms, keeps 500 blocks", " ".join(inquest("leaks", self.core).stdout.split()))
        self.assertNotIn("suspects", inquest("leaks", self.core, "--format", "csv").stdout)


if __name__ == "__main__":
    unittest.main()
