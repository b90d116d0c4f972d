"""`inquest heap` on a real core: the parts, the formats, the schema; and a heap that was written over."""
import os
import pathlib
import struct
import unittest

import patient
from patient import folder_of, build, die, inquest

SOURCE = r"""
#include <malloc.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
int main(int argc, char**) {
  static void* kept[1000];
  for (int i = 0; i < 1000; ++i) kept[i] = std::malloc(40 + i % 3 * 100);
  for (int i = 0; i < 1000; i += 10) std::free(kept[i]);
  void* large = std::malloc(1 << 22);
  std::printf("%p %zu %p\n", kept[1], malloc_usable_size(kept[1]), large);
  std::fflush(stdout);
  if (argc > 1) std::memset(kept[501], 'A', malloc_usable_size(kept[501]) + 8);
  std::abort();
}
"""


def heap(*arguments):
    return inquest("heap", *arguments)


class Heap(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = folder_of(cls)
        program = os.path.join(cls.folder.name, "program")
        build(program, SOURCE, "g++", "-O1")
        cls.cores = {}
        for name, arguments in (("whole", []), ("damaged", ["overflow"])):
            cls.cores[name] = f"{program}.{name}.core"
            said = die(cls.cores[name], program, *arguments)
            if name == "whole":
                cls.block, cls.usable, cls.large = said.split()[:3]

    def json(self, *arguments):
        return patient.answer("heap", *arguments)

    def test_every_block_is_listed(self):
        value = self.json(self.cores["whole"], "--list")
        blocks = {block["address"]: block for block in value["blocks"]}
        self.assertEqual(blocks[self.block]["state"], "used")
        self.assertEqual(blocks[self.block]["size"], int(self.usable))
        self.assertTrue(blocks[self.large]["mapped"])
        self.assertEqual(value["faults"], [])
        self.assertGreaterEqual(value["usage"]["used"]["count"], 900)
        rows = patient.rows("heap", self.cores["whole"])
        self.assertEqual([row["address"] for row in rows], list(blocks))

    def test_parts_and_text(self):
        for part in ("--sizes", "--arenas", "--check"):
            self.json(self.cores["whole"], part)
            self.assertEqual(heap(self.cores["whole"], part, "--format", "csv").returncode, 0)
        text = heap(self.cores["whole"]).stdout
        self.assertIn("The heap is whole", text)
        self.assertIn("cached", text)
        self.assertEqual(heap(self.cores["whole"], "--sizes", "--check").returncode, 2)
        self.assertEqual(heap("/nowhere").returncode, 1)

    def test_claims_of_a_damaged_header_take_no_time(self):
        """A segment that says it has a tebibyte: what the file does not hold is leapt over, not walked."""
        whole = bytearray(pathlib.Path(self.cores["whole"]).read_bytes())
        at = int(self.block, 16)
        headers, = struct.unpack_from("<Q", whole, 32)
        count, = struct.unpack_from("<H", whole, 56)
        for i in range(count):
            header = headers + 56 * i
            kind, flags = struct.unpack_from("<II", whole, header)
            begin, = struct.unpack_from("<Q", whole, header + 16)
            size, = struct.unpack_from("<Q", whole, header + 40)
            last_below_heap = kind == 1 and flags & 2 and begin + size < at
            if kind == 1 and (begin <= at < begin + size or last_below_heap):
                damaged = bytearray(whole)
                struct.pack_into("<QQ", damaged, header + 32, 1 << 40, 1 << 40)
                path = os.path.join(self.folder.name, "huge.core")
                pathlib.Path(path).write_bytes(damaged)
                answer = heap(path)
                self.assertIn(answer.returncode, (0, 1), answer.stderr)

    def test_damage_is_named(self):
        value = self.json(self.cores["damaged"], "--check")
        self.assertIn("0x4141414141414141", value["faults"][0]["what"])
        self.assertGreaterEqual(value["usage"]["used"]["count"], 899)
        self.assertIn("damaged", heap(self.cores["damaged"]).stdout)


if __name__ == "__main__":
    unittest.main()
