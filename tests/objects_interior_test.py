"""`inquest objects` of what programs cut from memory of their own: bump arenas over malloc and over mmap."""
import json
import os
import unittest

from patient import build, check, die, folder_of, inquest

COMMON = r"""
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>
#include <sys/mman.h>

namespace game {
struct Arena {
  char* memory;
  char* cursor;
  char* end;
  template <class T>
  T* make() {
    cursor = reinterpret_cast<char*>((reinterpret_cast<unsigned long>(cursor) + 15) & ~15ul);
    T* made = new (cursor) T();
    cursor += sizeof(T);
    return made;
  }
};
extern Arena g_arenas[2];
template <class T, int N>
struct In {
  using value_type = T;
  template <class U> struct rebind { using other = In<U, N>; };
  In() = default;
  template <class U> In(const In<U, N>&) {}
  T* allocate(unsigned long n) {
    Arena& arena = g_arenas[N];
    arena.cursor = reinterpret_cast<char*>((reinterpret_cast<unsigned long>(arena.cursor) + 15) & ~15ul);
    T* made = reinterpret_cast<T*>(arena.cursor);
    arena.cursor += n * sizeof(T);
    return made;
  }
  void deallocate(T*, unsigned long) {}
  bool operator==(const In&) const { return true; }
};
struct Position { float x = 1.5f, y = 2.5f, z = 3; };
struct Item {
  Item* next = nullptr;
  int kind = 7, count = 1;
  const char* label = "sword";
};
struct Unit {
  Unit *left = nullptr, *right = nullptr, *parent = nullptr;
  Item* bag = nullptr;
  Position at;
  int level = 3;
  char name[20] = "unit";
};
struct Squad {
  std::vector<Unit*, In<Unit*, 0>> units;
  Squad* other = nullptr;
  Position* home = nullptr;
};
struct Zone {
  std::vector<Item*, In<Item*, 1>> drops;
  Unit* root = nullptr;
};
Arena g_arenas[2];
}  // namespace game
using namespace game;
char* over_malloc(unsigned long size) { return static_cast<char*>(std::malloc(size)); }
char* over_mmap(unsigned long size) {
  return static_cast<char*>(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}
template <class T>
T* told(const char* what, T* at) {
  std::printf("%p %s\n", (void*)at, what);
  return at;
}
constexpr unsigned long kSize = 1 << 18;
"""

ARENAS = COMMON + r"""
Squad* g_squads;
Zone* g_zone;

Item* items(Arena& arena, int count) {
  Item* first = nullptr;
  for (int i = 0; i < count; ++i) {
    Item* one = told("Item", arena.make<Item>());
    one->next = first;
    one->count = i;
    first = one;
  }
  return first;
}
Unit* tree(Arena& arena, int depth, Unit* parent) {
  Unit* unit = told("Unit", arena.make<Unit>());
  unit->parent = parent;
  unit->level = depth;
  unit->bag = items(arena, 3);
  if (depth > 0) unit->left = tree(arena, depth - 1, unit);
  if (depth > 0) unit->right = tree(arena, depth - 1, unit);
  return unit;
}
int main() {
  for (int i = 0; i < 2; ++i) {
    Arena& arena = g_arenas[i];
    arena.memory = i == 0 ? over_malloc(kSize) : over_mmap(kSize);
    arena.cursor = arena.memory + 64;
    arena.end = arena.memory + kSize;
  }
  for (int s = 0; s < 5; ++s) {
    Squad* squad = told("Squad", g_arenas[0].make<Squad>());
    squad->other = g_squads;
    squad->home = told("Position", g_arenas[0].make<Position>());
    g_squads = squad;
    for (int i = 0; i < 40; ++i) {
      Unit* unit = told("Unit", g_arenas[i % 2].make<Unit>());
      unit->bag = items(g_arenas[(i + 1) % 2], 2);
      squad->units.push_back(unit);
    }
  }
  g_zone = told("Zone", g_arenas[1].make<Zone>());
  g_zone->root = tree(g_arenas[1], 6, nullptr);
  for (int i = 0; i < 100; ++i) g_zone->drops.push_back(told("Item", g_arenas[i % 2].make<Item>()));
  std::fflush(stdout);
  std::abort();
}
"""

# Nothing here lies in a pool: pointers past the end, to members, into arrays, into buffers of bytes.
HEALTHY = COMMON + r"""
struct Looker {
  Position* member = nullptr;
  Unit* element = nullptr;
  Unit* end = nullptr;
  Unit* behind = nullptr;
  char* text = nullptr;
  int* number = nullptr;
  std::vector<Unit>::iterator it;
  std::vector<Unit>::iterator it_end;
};
Looker* g_looker;
Unit* g_array;
Unit* g_mapped;
std::vector<Unit> g_units(50);
char* g_buffer;

int main() {
  g_looker = new Looker;
  g_array = new Unit[20];
  g_buffer = static_cast<char*>(std::malloc(5000));
  std::memset(g_buffer, 0x81, 5000);
  g_looker->member = &g_units[7].at;
  g_looker->element = &g_array[3];
  g_looker->end = g_array + 20;
  g_looker->behind = g_units.data() + g_units.size();
  g_looker->text = g_buffer + 700;
  g_looker->number = reinterpret_cast<int*>(g_buffer + 900);
  g_looker->it = g_units.begin() + 5;
  g_looker->it_end = g_units.end();
  std::fflush(stdout);
  std::abort();
}
"""


def objects(*arguments):
    return inquest("objects", *arguments)


class Interior(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = folder_of(cls).name
        cls.cores, cls.truth = {}, {}
        for source, text in (("arenas", ARENAS), ("healthy", HEALTHY)):
            for level in ("-O0", "-O2"):
                name = source + level
                program = os.path.join(folder, name)
                build(program, text, "g++", "-std=c++20", "-g", level)
                cls.cores[name] = program + ".core"
                cls.truth[name] = dict(line.split(" ", 1) for line in die(cls.cores[name], program).splitlines()
                                       if line.startswith("0x"))

    def instances(self, name):
        answer = objects(self.cores[name], "^game::", "--format", "json")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        value = json.loads(answer.stdout)
        check(value, "objects")
        return [one for one in value["instances"] if one["state"] in ("inside", "mapping")]

    def test_all_are_found_and_none_is_wrong(self):
        for name in ("arenas-O0", "arenas-O2"):
            truth = self.truth[name]
            sure = {one["address"]: one for one in self.instances(name) if one["percent"] >= 70}
            of_program = {at: one for at, one in sure.items() if not one["type"].endswith("*")}
            missing = [(at, what) for at, what in truth.items() if at not in of_program]
            self.assertEqual(missing, [], name)
            wrong = [(at, one["type"]) for at, one in of_program.items()
                     if one["type"] != "game::" + truth.get(at, "nothing")]
            self.assertEqual(wrong, [], name)
            arrays = sorted(one["count"] for one in sure.values() if one["type"].endswith("*"))
            self.assertEqual(arrays, [40] * 5 + [100], name)
            states = {one["state"] for one in of_program.values()}
            self.assertEqual(states, {"inside", "mapping"})

    def test_each_is_told_with_its_holder(self):
        truth = self.truth["arenas-O0"]
        found = {one["address"]: one for one in self.instances("arenas-O0")}
        last = [at for at, what in truth.items() if what == "Squad"][-1]
        self.assertRegex(found[last]["where"], "^inside the block 0x[0-9a-f]+ of 2[0-9]{2} KiB, at g_squads$")
        zone = next(at for at, what in truth.items() if what == "Zone")
        self.assertRegex(found[zone]["where"], "^in a mapping no allocator owns, .*, at g_zone$")
        home = next(at for at, what in truth.items() if what == "Position")
        squad = next(at for at, what in truth.items() if what == "Squad")
        self.assertTrue(found[home]["where"].endswith(f", at game::Squad.home of {squad}"), found[home]["where"])
        text = objects(self.cores["arenas-O0"], "game::Zone").stdout
        self.assertIn("at g_zone", text)

    def test_their_bytes_count_as_typed_once(self):
        value = json.loads(objects(self.cores["arenas-O2"], "--format", "json").stdout)
        sums = [one for one in value["outside"] if one["state"] == "inside"]
        explained = value["explained"]
        self.assertGreaterEqual(explained["typed"], sum(one["bytes"] for one in sums))
        self.assertLess(explained["typed"], explained["bytes"] / 2)

    def test_inspect_names_what_lies_there(self):
        truth = self.truth["arenas-O2"]
        for at, what in list(truth.items())[::97]:
            shown = inquest("inspect", self.cores["arenas-O2"], hex(int(at, 16) + 8), "--format", "json")
            self.assertEqual(shown.returncode, 0, shown.stderr)
            value = json.loads(shown.stdout)
            self.assertEqual((value["type"]["name"], value["type"]["address"]), ("game::" + what, at))

    def test_a_healthy_program_has_none(self):
        for name in ("healthy-O0", "healthy-O2"):
            found = [(one["address"], one["type"], one["percent"]) for one in self.instances(name)]
            self.assertEqual(found, [], name)


if __name__ == "__main__":
    unittest.main()
