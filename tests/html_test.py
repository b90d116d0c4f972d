"""`inquest objects --format html` on a small server's heap: the data in the page against the other verbs, and the page
in a browser: no script errors, the table sorts, the map is gone into, the explorer walks."""
import json
import pathlib
import re
import unittest

import browser
import patient
from patient import folder_of, build, die, inquest

SOURCE = r"""
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>
namespace game {
struct Line {
  long when = 0;
  std::string text;
};
struct ChatLog {
  virtual ~ChatLog() = default;
  std::vector<Line*> lines;
};
struct Room {
  int id = 0;
  std::string title;
  ChatLog* log = nullptr;
  Room* next_door = nullptr;
};
struct Session {
  virtual ~Session() = default;
  std::string user;
  int where = 0;
  char buffer[900] = {};
};
struct Server {
  std::map<int, Room*> rooms;
  std::unordered_map<unsigned long, std::unique_ptr<Session>> sessions;
  std::vector<std::string> names;
};
}  // namespace game
using namespace game;
Server* g_server;
std::vector<Session*> g_watched;
int main() {
  g_server = new Server;
  Room* last = nullptr;
  for (int i = 0; i < 200; ++i) {
    Room* room = g_server->rooms[i] = new Room;
    room->id = i;
    room->title = "a room with a long enough name, number " + std::to_string(i);
    room->next_door = last;
    room->log = new ChatLog;
    int lines = i == 7 ? 20000 : 5;  // one log was never cut
    for (int k = 0; k < lines; ++k) {
      Line* line = new Line;
      line->text = "somebody said something in the room, and it was kept, number " + std::to_string(k);
      room->log->lines.push_back(line);
    }
    last = room;
  }
  for (unsigned long i = 0; i < 500; ++i) {
    auto session = std::make_unique<Session>();
    session->user = "a user whose name is long enough to be elsewhere " + std::to_string(i);
    session->where = static_cast<int>(i % 200);
    if (i % 50 == 0) g_watched.push_back(session.get());
    g_server->sessions[i] = std::move(session);
    g_server->names.push_back("the name of one of many who came by, number " + std::to_string(i));
  }
  for (int i = 0; i < 30; ++i) {
    volatile auto* lost = new Line;
    lost = nullptr;
  }
  std::printf("%p %p %p\n", (void*)g_server, (void*)g_server->rooms[7], (void*)g_server->rooms[7]->log);
  std::fflush(stdout);
  std::abort();
}
"""


class Case(unittest.TestCase):
    """The server's core, and its page."""

    @classmethod
    def setUpClass(cls):
        cls.folder = folder_of(cls)
        folder = pathlib.Path(cls.folder.name)
        program = folder / "<i>lobby&"  # names come from strangers
        build(program, SOURCE, "g++", "-g", "-O1")
        cls.core = str(folder / "it's <b>.core")
        said = die(cls.core, program)
        cls.server, cls.room, cls.log = said.split()[:3]
        answer = inquest("objects", cls.core, "--format", "html")
        assert answer.returncode == 0, answer.stderr
        cls.html = answer.stdout
        cls.page = folder / "heap.html"
        cls.page.write_text(cls.html)
        text = re.search(r'<script type="application/json" id="data">(.*?)</script>', cls.html, re.S)[1]
        cls.data = json.loads(text)


class Data(Case):
    def json(self, *arguments):
        return patient.answer(*arguments)

    def test_the_census_is_that_of_the_verb(self):
        value = self.json("objects", self.core)
        self.assertEqual((self.data["blocks"], self.data["bytes"]), (value["totals"]["blocks"], value["totals"]["bytes"]))
        told = [(row[2], row[3], row[4], dict(row[6])) for row in self.data["census"]]
        self.assertEqual(told, [(sum["blocks"], sum["objects"], sum["bytes"], sum["how"]) for sum in value["census"]])
        for row, sum in zip(self.data["census"], value["census"]):
            self.assertTrue(sum.get("type", "").startswith(self.data["types"][row[0]][0][:90]))
            self.assertGreaterEqual(row[5], row[4], "an object retains itself at least")
            self.assertLessEqual(row[5], self.data["bytes"])

    def test_the_tree_adds_up(self):
        nodes = self.data["nodes"]
        self.assertLessEqual(len(nodes), 3000)
        self.assertEqual((nodes[0][7], nodes[0][8]), (self.data["bytes"], self.data["blocks"]))
        below = [0] * len(nodes)
        for i, node in enumerate(nodes[1:], 1):
            self.assertLess(node[0], i)
            below[node[0]] += node[7]
        for node, kept in zip(nodes, below):
            if kept:
                self.assertEqual(kept + node[6], node[7], node)
        # What the areas stand for, and what was left out, is all there is.
        told = sum(node[5] for node in nodes if node[1] == "blocks")
        self.assertEqual(told + self.data["left_out"], self.data["blocks"])
        owner = next(node for node in nodes if node[2] == "global g_server")
        self.assertGreater(owner[7], 0.9 * self.data["bytes"])
        lost = next(node for node in nodes if node[1] == "lost")
        self.assertGreaterEqual(lost[8], 29)
        # The map's 200 nodes are one area; the log that grew is its own below them.
        trees = [i for i, node in enumerate(nodes) if "_Rb_tree_node" in self.data["types"][node[3]][0]]
        self.assertEqual([nodes[i][5] for i in trees], [200])

    def test_retained_sizes_and_holders_are_those_of_refs(self):
        places = {place[0]: i for i, place in enumerate(self.data["places"])}
        for at in (self.server, self.room, self.log):
            value = self.json("refs", self.core, at, "--all")
            place = self.data["places"][places[at]]
            self.assertEqual((place[3], place[4]), (value["retained"]["bytes"], value["retained"]["blocks"]))
            told = self.data["objects"][places[at]]
            holders = {ref["from"]["begin"] for ref in value["refs"] if ref["from"]["kind"] == "block"}
            self.assertEqual(told["from_count"], len(holders))
            self.assertLessEqual({self.data["places"][edge[0]][0] for edge in told["from"]}, holders)
            self.assertEqual(told["reach"], value["reach"])
        room = self.data["objects"][places[self.room]]
        fields = {self.data["places"][edge[0]][0]: edge[2] for edge in room["to"]}
        self.assertEqual(fields[self.log], "log")
        self.assertIn("title", " ".join(fields.values()))
        server = self.data["objects"][places[self.server]]
        self.assertEqual(server["roots"][0], "global g_server")
        self.assertEqual(server["steps"], 1)

    def test_names_of_strangers_are_only_text(self):
        page = re.sub(r"<(script|style).*?</\1>", "", self.html, flags=re.S)
        self.assertNotIn("<i>", page)
        self.assertNotIn("<b>", page)
        self.assertIn("&lt;i&gt;lobby&amp;", page)
        self.assertEqual(self.html.count("</script"), 4)
        self.assertIsNone(re.search("https?:", self.html))

    def test_wrong_use(self):
        self.assertEqual(inquest("objects", self.core, "game::Room", "--format", "html").returncode, 2)
        self.assertEqual(inquest("objects", "/nowhere", "--format", "html").returncode, 1)
        self.assertEqual(inquest("refs", self.core, self.room, "--format", "html").returncode, 2)

    def test_a_dump_without_a_heap_has_a_page_too(self):
        for dump in sorted((pathlib.Path(__file__).resolve().parent.parent / "fuzz/corpus/minidump").iterdir())[:5]:
            answer = inquest("objects", str(dump), "--format", "html")
            self.assertEqual(answer.returncode, 0, answer.stderr)
            self.assertIn("no heap was found", answer.stdout)


@unittest.skipUnless(browser.chromium(), "chromium is not installed")
class Browser(Case):
    def open(self, **arguments):
        page = browser.Page(self.page, **arguments)
        self.addCleanup(page.close)
        return page

    def test_it_works(self):
        page = self.open()
        self.table(page)
        self.map(page)
        self.explorer(page)
        self.assertEqual(page.errors, [])
        for width, height, dark in ((400, 800, False), (1600, 1000, True)):
            page.resize(width, height)
            page.ask("Emulation.setEmulatedMedia", features=[
                {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
            page.settle()
            self.assertLessEqual(page.run("document.documentElement.scrollWidth"), width)
        self.assertEqual(page.errors, [])

    def cells(self, page, column):
        return page.run(f"[...document.querySelectorAll('#types tbody tr td:nth-child({column})')]"
                        ".map(cell => cell.textContent)")

    def table(self, page):
        census = self.data["census"]
        by_objects = sorted((row[3] for row in census), reverse=True)
        self.assertEqual(self.cells(page, 2)[0], f"{census[0][3]:,}")
        page.click("#types th:nth-child(2) button")
        shown = [int(cell.replace(",", "")) for cell in self.cells(page, 2)]
        self.assertEqual(shown, by_objects[:len(shown)])
        page.click("#types th:nth-child(2) button")
        self.assertEqual(int(self.cells(page, 2)[0]), by_objects[-1])
        page.run("document.getElementById('type-filter').value = 'game::room';"
                 "document.getElementById('type-filter').dispatchEvent(new Event('input'))")
        self.assertIn("game::Room", self.cells(page, 1))
        self.assertLess(len(self.cells(page, 1)), 6)

    def shown(self, page):
        return self.data["nodes"][int(page.run("document.getElementById('tiles').dataset.shown"))]

    def map(self, page):
        nodes = self.data["nodes"]
        self.assertEqual(self.shown(page)[1], "all")
        owner = next(i for i, node in enumerate(nodes) if node[2] == "global g_server")
        page.click(f"#tiles > [data-node='{owner}']")
        self.assertEqual(self.shown(page)[2], "global g_server")
        self.assertIn("global g_server", page.run("document.getElementById('crumbs').textContent"))
        # A tile deep inside is gone into at once.
        log = next(i for i, node in enumerate(nodes) if node[4] == self.log)
        page.run(f"location.hash = '#node={nodes[log][0]}'")
        page.settle()
        page.click(f"#tiles [data-node='{log}']")
        self.assertEqual(self.shown(page)[4], self.log)
        page.ask("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)
        page.settle()
        detail = page.run("document.getElementById('detail').textContent")
        self.assertIn(self.log, detail)
        self.assertIn("game::ChatLog", detail)
        page.click("#crumbs li:first-child a")
        self.assertEqual(self.shown(page)[1], "all")
        # By the keyboard: in, and out.
        page.run("document.querySelector('#tiles .tile[tabindex]').focus()")
        page.press("Enter")
        self.assertNotEqual(self.shown(page)[1], "all")
        page.run("document.querySelector('#kept a').focus()")
        page.press("Escape")
        self.assertEqual(self.shown(page)[1], "all")
        inside = page.run("""[...document.querySelectorAll('#tiles > .tile')].every(tile => {
            const t = tile.getBoundingClientRect(), all = tile.parentNode.getBoundingClientRect();
            return t.left >= all.left - 1 && t.right <= all.right + 1 && t.top >= all.top - 1 &&
                   t.bottom <= all.bottom + 1; })""")
        self.assertTrue(inside)

    def explorer(self, page):
        page.run(f"location.hash = '#object={self.room}'")
        page.settle()
        self.assertEqual(page.run("document.getElementById('object').dataset.shown"), self.room)
        text = page.run("document.getElementById('object').textContent")
        self.assertIn("game::Room", text)
        self.assertIn("global g_server", text)
        page.click(f"#object .edges a[href='#object={self.log}']")
        self.assertEqual(page.run("document.getElementById('object').dataset.shown"), self.log)
        self.assertIn("global g_server", page.run("document.querySelector('#object .chain').textContent"))
        # At the rim of what the file holds, the command.
        page.run("location.hash = '#object=0x10'")
        page.settle()
        self.assertIn("' 0x10", page.run("document.querySelector('#object .beyond').textContent"))


if __name__ == "__main__":
    unittest.main()
