"""`inquest objects` beyond the used blocks: what is left in freed ones, pools over mmap, texts, retained bytes."""
import os
import unittest

import patient
from patient import folder_of, build, die, inquest


GAME = r"""
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>
#include <cstring>
#include <sys/mman.h>

namespace game {
struct Named {
  virtual ~Named();
  long id = 1;
};
Named::~Named() { id = 0; }
struct Actor {
  virtual ~Actor();
  virtual int rank() const { return 1; }
  Actor* target = nullptr;
};
Actor::~Actor() { target = nullptr; }
struct Boss : Actor, Named {
  ~Boss() override;
  int rank() const override { return 2; }
  long strength[6] = {1, 2, 3, 4, 5, 6};
};
Boss::~Boss() { strength[0] = 0; }
struct Pooled : Actor {
  int rank() const override { return 3; }
  long slot = 0;
};
struct Static : Actor {
  int rank() const override { return 4; }
};
struct Slab : Actor {
  int rank() const override { return 5; }
};
struct Plain {
  Plain* other = nullptr;
  long values[8] = {};
};
struct Payload {
  char bytes[1000] = {};
};
struct Owner {
  std::string name;
  Payload* own = nullptr;
  Payload* shared = nullptr;
};
struct Room {
  Boss* boss = nullptr;
  Plain* plain = nullptr;
  std::weak_ptr<Plain> seen;
  std::optional<Plain*> last;
  std::vector<Plain*> popped;
  std::vector<Plain*> kept;
  std::vector<std::unique_ptr<Owner>> owners;
  std::map<int, std::string> names;
  char* text = nullptr;
};
}  // namespace game
using namespace game;

Room* g_room;
Static g_statics[3];

template <class T>
T* told(const char* what, T* at) {
  std::printf("%p %s\n", (void*)at, what);
  return at;
}
"""

BROKEN = GAME + r"""
constexpr unsigned long kPool = 1 << 16;

// Where a pool becomes one mapping with what others mapped: "bss" is right behind a library's data,
// "thread" and "above" are beside the main thread's descriptor.
char* beside(const char* what) {
  unsigned long begin = 0, end = 0, last = 0, spot = 0;
  const auto thread = reinterpret_cast<unsigned long>(__builtin_thread_pointer());
  bool is_library = false;
  char line[512];
  std::FILE* maps = std::fopen("/proc/self/maps", "r");
  while (std::fgets(line, sizeof line, maps)) {
    std::sscanf(line, "%lx-%lx", &begin, &end);
    if (!std::strcmp(what, "bss") && is_library && begin >= last + kPool && !spot) spot = last;
    if (begin <= thread && thread < end && !std::strcmp(what, "thread")) spot = begin - kPool;
    if (begin <= thread && thread < end && !std::strcmp(what, "above")) spot = end;
    const bool is_bss = is_library && begin == last && !std::strchr(line, '/') && std::strstr(line, "rw-p");
    is_library = std::strstr(line, ".so") || is_bss;
    last = end;
  }
  std::fclose(maps);
  return reinterpret_cast<char*>(spot);
}
char* g_where = nullptr;

[[gnu::noinline]] void forget() {
  told("boss", g_room->boss = new Boss);
  told("plain", g_room->plain = new Plain);
  told("kept", new Plain);
  Plain* kept = new Plain;
  told("kept", kept);
  g_room->kept.push_back(kept);
  std::printf("%p holder\n", (void*)g_room);
  delete g_room->boss;
  delete g_room->plain;
  delete kept;
}
[[gnu::noinline]] void pool() {
  auto* memory = static_cast<char*>(mmap(g_where, kPool, PROT_READ | PROT_WRITE,
                                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  for (int i = 0; i < 100; ++i) told("pooled", new (memory + 64 * i) Pooled);
  auto* slab = static_cast<char*>(std::malloc(4096));
  for (int i = 0; i < 4096; ++i) slab[i] = 0;
  for (int i = 1; i < 11; ++i) told("slab", new (slab + 64 * i) Slab);
  static void* keep = nullptr;
  keep = slab;
}
int main(int count, char** arguments) {
  g_room = new Room;
  if (count > 1) g_where = beside(arguments[1]);
  forget();
  pool();
  std::fflush(stdout);
  std::abort();
}
"""

HEALTHY = GAME + r"""
[[gnu::noinline]] void live() {
  g_room->boss = new Boss;
  g_room->plain = new Plain;
  {
    // What keeps stale addresses on purpose, or has them behind its end.
    std::shared_ptr<Plain> gone(new Plain);
    g_room->seen = gone;
    g_room->last = new Plain;
    delete *g_room->last;
    g_room->last.reset();
    for (int i = 0; i < 3; ++i) g_room->popped.push_back(new Plain);
    for (int i = 0; i < 3; ++i) {
      delete g_room->popped.back();
      g_room->popped.pop_back();
    }
    for (int i = 0; i < 8; ++i) g_room->kept.push_back(new Plain);
    for (int i = 0; i < 3; ++i) {
      delete g_room->kept.back();
      g_room->kept.pop_back();
    }
  }
  auto* shared = new Payload;
  for (int i = 0; i < 20; ++i) {
    auto owner = std::make_unique<Owner>();
    owner->name = "the owner of a payload, number " + std::to_string(i * 37);
    owner->own = new Payload;
    owner->shared = shared;
    g_room->owners.push_back(std::move(owner));
    g_room->names[i] = "/srv/game/save-" + std::to_string(i) + "/of-player-" + std::to_string(i * 7) + ".sav";
  }
  // "Korean text" in CP949.
  g_room->text = strdup("\xC7\xD1\xB1\xDB\xC0\xCC\xB4\xD9 7");
}
int main() {
  g_room = new Room;
  live();
  std::fflush(stdout);
  std::abort();
}
"""


def objects(*arguments):
    return inquest("objects", *arguments)


class Outside(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = folder_of(cls)
        cls.cores, cls.truth = {}, {}
        for source, text in (("broken", BROKEN), ("healthy", HEALTHY)):
            for way, flags in (("O0", ["-g", "-O0"]), ("O2", ["-g", "-O2"]), ("stripped", ["-O1", "-s"])):
                name = source + "-" + way
                program = os.path.join(cls.folder.name, name)
                build(program, "#include <cstring>\n" + text, "g++", *flags)
                cls.run_program(name, program)

    @classmethod
    def run_program(cls, name, program, *arguments):
        cls.cores[name] = program + "".join(arguments) + ".core"
        said = die(cls.cores[name], program, *arguments)
        cls.truth[name] = {}
        for line in said.splitlines():
            at, _, what = line.partition(" ")
            if at.startswith("0x"):
                cls.truth[name].setdefault(what, []).append(at)

    def json(self, *arguments, by=None):
        return patient.answer("objects", *arguments, by=by)

    def instances(self, name, type, *states):
        found = self.json(self.cores[name], type)["instances"]
        return {one["address"]: one for one in found if one["state"] in states}

    def test_freed_objects_that_are_still_pointed_to(self):
        for name in ("broken-O0", "broken-O2"):
            truth = self.truth[name]
            found = self.instances(name, "game::Boss", "freed")
            self.assertEqual(list(found), truth["boss"], name)
            boss = found[truth["boss"][0]]
            self.assertEqual(boss["where"], f"freed, still pointed to by game::Room.boss of {truth['holder'][0]}")
            self.assertGreaterEqual(boss["percent"], 80)
            found = self.instances(name, "game::Plain", "freed")
            self.assertEqual(found[truth["plain"][0]]["where"],
                             f"freed, still pointed to by game::Room.plain of {truth['holder'][0]}")
            kept = found[truth["kept"][1]]["where"]
            self.assertEqual(kept, f"freed, still pointed to by game::Room.kept[0] of {truth['holder'][0]}")
            # The one that lives is not freed, and the freed ones are not alive.
            self.assertNotIn(truth["kept"][0], found)
            alive = self.instances(name, ".", "used")
            self.assertNotIn(truth["boss"][0], alive)
            self.assertNotIn(truth["plain"][0], alive)
            sums = {(one["state"], one["type"]): one for one in self.json(self.cores[name], "--freed")["outside"]}
            self.assertEqual(sums["freed", "game::Boss"]["pointed_to"], 1)
            self.assertNotIn("game::Boss", [one.get("type") for one in self.json(self.cores[name])["census"]])
            text = objects(self.cores[name], "game::Boss").stdout
            self.assertIn("freed, still pointed to by game::Room.boss", text)

    def test_pools_that_no_allocator_knows(self):
        for name in ("broken-O0", "broken-O2", "broken-stripped"):
            truth = self.truth[name]
            found = self.instances(name, "game::Pooled", "mapping")
            self.assertEqual(sorted(found, key=lambda at: int(at, 16)), truth["pooled"], name)
            one = found[truth["pooled"][0]]
            self.assertLessEqual(int(one["block"], 16), int(truth["pooled"][0], 16))
            self.assertIn("in a mapping no allocator owns", one["where"])
            found = self.instances(name, "game::Slab", "inside")
            self.assertEqual(sorted(found, key=lambda at: int(at, 16)), truth["slab"], name)
            found = self.instances(name, "^game::Static$", "data")
            self.assertEqual(len(found), 3, name)
            census = self.json(self.cores[name])
            sums = {(one["state"], one["type"]): one["objects"] for one in census["outside"]}
            self.assertEqual(sums["mapping", "game::Pooled"], 100)
            self.assertEqual(sums["inside", "game::Slab"], 10)
            self.assertEqual(sums["data", "game::Static"], 3)
            self.assertFalse([one for one in census["outside"] if one["state"] == "freed"])
            rows = patient.rows("objects", self.cores[name])
            self.assertIn(("mapping", "game::Pooled", "100"), [(row["state"], row["type"], row["objects"]) for row in rows])
            self.assertIn("mapping no allocator owns", objects(self.cores[name]).stdout)

    def test_pools_that_the_kernel_joined_with_what_others_mapped(self):
        for where in ("bss", "thread", "above"):
            self.run_program(where, os.path.join(self.folder.name, "broken-O0"), where)
            found = self.instances(where, "game::Pooled", "mapping")
            self.assertEqual(sorted(found, key=lambda at: int(at, 16)), self.truth[where]["pooled"], where)

    def test_a_healthy_program_has_nothing_of_it(self):
        for name in ("healthy-O0", "healthy-O2", "healthy-stripped"):
            answer = self.json(self.cores[name], ".", "--freed", "--everywhere")
            dangling = [one for one in answer["instances"] if "still pointed to" in one["where"]]
            self.assertEqual(dangling, [], name)
            own = [one for one in answer["instances"] if one["type"].startswith("game::")
                   and one["state"] in ("mapping", "inside")]
            self.assertEqual(own, [], name)
            census = self.json(self.cores[name])
            self.assertEqual({one["state"] for one in census["outside"]} - {"data"}, set(), name)

    def test_retained_bytes(self):
        census = {one.get("type"): one for one in self.json(self.cores["healthy-O2"])["census"]}
        owner, payload = census["game::Owner"], census["game::Payload"]
        self.assertEqual(payload["retained"], payload["bytes"])
        # Each keeps its own payload and its name; the shared one no object keeps alone.
        text = 20 * 40
        # A stale word on a stack may keep one or two of the twenty as well.
        self.assertGreaterEqual(owner["retained"], owner["bytes"] + 18 * 1000 + text)
        self.assertLess(owner["retained"], owner["bytes"] + 21 * 1000 + 20 * 60)
        self.assertGreater(census["game::Room"]["retained"], owner["retained"])
        rows = patient.rows("objects", self.cores["healthy-O2"])
        self.assertEqual({row["type"]: row["retained"] for row in rows}["game::Owner"], str(owner["retained"]))
        self.assertIn("retained", objects(self.cores["healthy-O2"]).stdout)

    def test_texts_by_pattern(self):
        value = self.json(self.cores["healthy-O2"], "--strings", by="strings")
        patterns = {one["pattern"]: one for one in value["patterns"]}
        names = patterns["the owner of a payload, number #"]
        self.assertEqual(names["count"], 20)
        self.assertEqual(names["holders"][0]["name"], "game::Owner.name")
        self.assertEqual(names["holders"][0]["count"], names["looked_at"])
        self.assertEqual(patterns["/srv/game/save-#/*.sav"]["count"], 20)
        korean = [one for one in value["patterns"] if one["encoding"] == "cp949"]
        self.assertEqual([(one["pattern"], one["count"]) for one in korean], [("\ud55c\uae00\uc774\ub2e4 #", 1)])
        self.assertEqual(sum(one["count"] for one in value["patterns"]) + value["rest"]["count"],
                         value["totals"]["count"])
        self.assertEqual(sum(one["bytes"] for one in value["patterns"]) + value["rest"]["bytes"],
                         value["totals"]["bytes"])
        text = objects(self.cores["healthy-O2"], "--strings").stdout
        self.assertIn("held by game::Owner.name (16 of 16)", text)
        rows = patient.rows("objects", self.cores["healthy-O2"], "--strings")
        self.assertEqual({row["pattern"]: row["count"] for row in rows}["/srv/game/save-#/*.sav"], "20")
        self.assertEqual(objects(self.cores["healthy-O2"], "game::Room", "--strings").returncode, 2)


if __name__ == "__main__":
    unittest.main()
