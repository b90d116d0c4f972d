"""A process that is dumped in the middle of malloc or free is not damaged: nothing may say so."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

INQUEST = os.environ["INQUEST"]
DUMPS = 25

# Sizes that are split, joined and unlinked all the time, by one thread.
BUSY = r"""
#include <stdio.h>
#include <stdlib.h>
int main(void) {
  static void* kept[512];
  unsigned seed = 1;
  puts("busy");
  fflush(stdout);
  for (;;) {
    seed = seed * 1103515245 + 12345;
    unsigned i = seed >> 16 & 511;
    free(kept[i]);
    kept[i] = malloc(1100 + (seed >> 20 & 2047));
  }
}
"""


class HalfDone(unittest.TestCase):
    def test_a_healthy_heap_is_never_called_damaged(self):
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            (root / "busy.c").write_text(BUSY)
            subprocess.run(["gcc", "-O1", "-g", "busy.c", "-o", "busy"], cwd=root, check=True)
            process = subprocess.Popen(["./busy"], cwd=root, stdout=subprocess.PIPE)
            try:
                process.stdout.readline()
                met = 0
                for _ in range(DUMPS):
                    core = root / "core"
                    subprocess.run([INQUEST, "dump", str(process.pid), "-o", core], check=True, timeout=60,
                                   capture_output=True)
                    told = subprocess.run([INQUEST, "heap", core, "--check"], check=True, timeout=60,
                                          capture_output=True, text=True).stdout
                    self.assertNotIn("is damaged", told)
                    if "The heap is whole" not in told:
                        met += 1
                        self.assertIn(f"thread {process.pid} stood inside malloc or free", " ".join(told.split()))
                        exact = json.loads(subprocess.run([INQUEST, "heap", core, "--format", "json"], check=True,
                                                          timeout=60, capture_output=True, text=True).stdout)
                        self.assertEqual(exact["threads_in_allocator"], [process.pid])
                    core.unlink()
                print(f"{met} of {DUMPS} dumps met an operation half done")
            finally:
                process.kill()
                process.communicate()


if __name__ == "__main__":
    unittest.main()
