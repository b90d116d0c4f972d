"""`--pools`: blocks that a program cuts from arrays of its own, as its user describes them."""
import os
import pathlib
import unittest

import patient
from patient import folder_of, build, inquest

SOURCE = r"""
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <sys/mman.h>
namespace game {
struct Particle { double x, y; Particle* next; long kind; };
// A pool in an array of its own, its free list through `next`.
Particle particles[1000];
Particle* free_particles;
// One whose array malloc gave, behind a head.
struct Pool { Particle* free; long made; Particle slots[200]; };
Pool* pool;
}
using namespace game;
Particle* make(Particle*& head) { Particle* p = head; head = p->next; p->next = nullptr; return p; }
void give_back(Particle*& head, Particle* p) { p->next = head; head = p; }
static Particle* kept;
// An allocator that nobody described, in a mapping of its own: entities one behind the other.
struct Entity { Entity* next; long id; char name[48]; };
Entity* entities;
static char* cursor;
Entity* bump(Entity* next) {
  auto* e = reinterpret_cast<Entity*>(cursor);
  cursor += sizeof(Entity);
  e->next = next;
  e->id = 7;
  return e;
}
__attribute__((noinline)) void lose_a_ring() {
  Entity* last = bump(nullptr);
  Entity* ring = last;
  for (int i = 0; i < 9; ++i) ring = bump(ring);
  last->next = ring;
}
__attribute__((noinline)) void wipe_the_stack() {
  char dirt[4096];
  std::memset(dirt, 0, sizeof dirt);
  asm volatile("" : : "r"(dirt) : "memory");
}
int main() {
  cursor = static_cast<char*>(mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  for (int i = 0; i < 250; ++i) entities = bump(entities);
  lose_a_ring();
  wipe_the_stack();
  cursor += 4096;
  entities = bump(entities);
  for (auto& p : particles) give_back(free_particles, &p);
  pool = static_cast<Pool*>(std::malloc(sizeof(Pool)));
  pool->free = nullptr;
  for (auto& p : pool->slots) give_back(pool->free, &p);
  for (int i = 0; i < 300; ++i) { Particle* p = make(free_particles); p->next = kept; kept = p; }
  for (int i = 0; i < 7; ++i) make(free_particles)->kind = 42;   // lost
  for (int i = 0; i < 50; ++i) { Particle* p = make(pool->free); p->next = kept; kept = p; }
  for (int i = 0; i < 3; ++i) make(pool->free)->kind = 43;       // lost
  std::abort();
}
"""


class Pools(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = folder_of(cls)
        cls.program = os.path.join(cls.folder.name, "program")
        build(cls.program, SOURCE, "g++", "-O1")
        cls.core = cls.program + ".core"
        inquest("run", "--core", cls.core, "--no-verdict", "--", cls.program)
        cls.pool = cls.find_pool()

    @classmethod
    def find_pool(cls):
        """Where malloc put the second pool: its only block of that size."""
        lines = inquest("heap", cls.core, "--list", "--format", "csv").stdout.splitlines()[1:]
        found = [int(line.split(",")[0], 16) for line in lines if line.split(",")[1] == str(16 + 200 * 32 + 8)]
        assert len(found) == 1, lines
        return found[0]

    def describe(self, text):
        path = os.path.join(self.folder.name, "pools.txt")
        pathlib.Path(path).write_text(text)
        return path

    def both(self):
        return self.describe(
            "# of the game\n"
            "pool particles size 32 at game::particles count 1000 type game::Particle "
            "free game::free_particles link 16\n"
            f"pool slots size 32 at {self.pool + 16:#x} count 200 type game::Particle free *game::pool link 16\n")

    def test_counts_every_block(self):
        report = patient.answer("heap", self.core, "--pools", self.both())
        arenas = {arena["name"]: arena["usage"] for arena in report["arenas"]}
        self.assertEqual(arenas["pool particles"]["used"]["count"], 307)
        self.assertEqual(arenas["pool particles"]["free"]["count"], 693)
        self.assertEqual(arenas["pool slots"]["used"]["count"], 53)
        self.assertEqual(arenas["pool slots"]["free"]["count"], 147)
        self.assertEqual(report["faults"], [])
        # What the pool leaves of malloc's block: its head.
        lines = inquest("heap", self.core, "--pools", self.both(), "--list", "--format", "csv").stdout.splitlines()
        self.assertIn(f"{self.pool:#x},16,used,0,0", lines)

    def test_finds_what_is_lost_in_them(self):
        plain = patient.answer("leaks", self.core)
        self.assertEqual(plain["totals"]["definite"]["blocks"], 0)
        report = patient.answer("leaks", self.core, "--pools", self.both())
        self.assertEqual(report["totals"]["definite"]["blocks"], 10)
        self.assertEqual({shape["type"] for shape in report["shapes"]}, {"game::Particle"})

    def test_infers_blocks_of_an_allocator_that_nobody_described(self):
        report = patient.answer("heap", self.core, "--infer")
        allocator, = [one for one in report["allocators"] if one["name"] == "inferred"]
        self.assertIn("guessed", allocator["layout"])
        arena, = [one for one in report["arenas"] if one["allocator"] == "inferred"]
        # 251 that are held, 10 in a ring, the place that `cursor` points to; and what the loader keeps in a mapping
        # that the kernel joined with this one.
        self.assertIn(arena["usage"]["used"]["count"], range(262, 300))
        lines = inquest("heap", self.core, "--infer", "--list", "--format", "csv").stdout.splitlines()[1:]
        index = str(report["arenas"].index(arena))
        sizes = [line.split(",")[1] for line in lines if line.split(",")[3] == index]
        self.assertGreaterEqual(sizes.count("64"), 258)
        plain = patient.answer("heap", self.core)
        self.assertNotIn("inferred", [one["name"] for one in plain["allocators"]])
        self.assertTrue(any("are guesses" in warning["what"] for warning in report["warnings"]))
        lost = patient.answer("leaks", self.core, "--infer")
        self.assertTrue(any("are guesses" in warning["what"] for warning in lost["warnings"]))
        self.assertEqual(lost["totals"]["definite"]["blocks"] + lost["totals"]["indirect"]["blocks"], 10)

    def test_says_what_is_wrong_with_a_description(self):
        path = self.describe("pool a size 32 at x count 1\npool b size 0 at x count 1\n")
        answer = inquest("heap", self.core, "--pools", path)
        self.assertEqual(answer.returncode, 1)
        self.assertEqual(answer.stderr, f"inquest: {path}: line 2: a block has more than 0 bytes\n")
        answer = inquest("leaks", self.core, "--pools", path + ".none")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("cannot be read", answer.stderr)

    def test_a_pool_that_is_not_there_is_a_warning(self):
        path = self.describe("pool a size 32 at game::nowhere count 1\n")
        report = patient.answer("heap", self.core, "--pools", path)
        self.assertIn("no module has a symbol game::nowhere", report["warnings"][-1]["what"])


if __name__ == "__main__":
    unittest.main()
