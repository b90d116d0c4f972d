"""`inquest diff` on two cores of a live process: the owner that grows comes first, a healthy one shows nothing."""
import csv
import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed")
    sys.exit(77)

INQUEST = os.environ["INQUEST"]
SCHEMA = json.loads((pathlib.Path(__file__).resolve().parent.parent / "schema/diff.schema.json").read_text())
SOURCE = r"""
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>
std::map<int, std::string> g_sessions;
std::vector<char*> g_cache;
int main(int argc, char** argv) {
  bool leaks = argc > 1;
  for (int i = 0; i < 2000; ++i) g_sessions[i] = std::string(100, 's');
  g_cache.reserve(5000);
  for (int i = 0; i < 500; ++i) g_cache.push_back((char*)std::malloc(1000));
  for (int round = 0;; ++round) {
    std::puts("ready");
    std::fflush(stdout);
    if (std::getchar() == EOF) return 0;
    for (int i = 0; i < 300; ++i) {  // healthy: some go, as many come
      g_sessions.erase(g_sessions.begin());
      g_sessions[2000 + round * 300 + i] = std::string(100, 'n');
      if (leaks) g_cache.push_back((char*)std::malloc(1000));
      if (leaks && i % 3 == 0) std::malloc(2000);
    }
  }
}
"""


class Diff(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        program = os.path.join(cls.folder.name, "program")
        pathlib.Path(program + ".cc").write_text(SOURCE)
        subprocess.run(["g++", "-O0", "-w", program + ".cc", "-o", program], check=True)
        cls.cores = {}
        for name, arguments in (("leaking", ["leaks"]), ("healthy", [])):
            child = subprocess.Popen([program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            cls.cores[name] = []
            for when in ("before", "after"):
                child.stdout.readline()
                core = f"{program}.{name}.{when}"
                dumped = subprocess.run([INQUEST, "dump", str(child.pid), "-o", core], capture_output=True, text=True)
                if dumped.returncode != 0:
                    child.send_signal(signal.SIGKILL)
                    raise unittest.SkipTest("no right to dump: " + dumped.stderr)
                cls.cores[name].append(core)
                child.stdin.write("\n")
                child.stdin.flush()
            child.send_signal(signal.SIGKILL)
            child.wait()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def diff(self, name, *arguments):
        answer = subprocess.run([INQUEST, "diff", *self.cores[name], *arguments], capture_output=True, text=True,
                                timeout=120)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return answer.stdout

    def test_the_growing_owner_comes_first(self):
        value = json.loads(self.diff("leaking", "--format", "json"))
        jsonschema.validate(value, SCHEMA)
        first = value["owners"][0]
        self.assertEqual(first["what"], "global g_cache")
        self.assertEqual(first["blocks"], 300)
        self.assertEqual(value["sizes"][0]["what"], "1000 bytes")
        lost = next(row for row in value["owners"] if row["what"] == "nobody: lost")
        self.assertGreaterEqual(lost["blocks"], 98, "a stale word may hold one or two")
        self.assertEqual(value["arenas"][0]["what"], "main arena")

    def test_a_healthy_process_shows_nothing(self):
        value = json.loads(self.diff("healthy", "--format", "json"))
        jsonschema.validate(value, SCHEMA)
        self.assertEqual((value["owners"], value["sizes"], value["arenas"]), ([], [], []))
        self.assertIn("Nothing changed by 64 KiB or more", self.diff("healthy"))

    def test_text_and_csv(self):
        text = self.diff("leaking")
        self.assertIn("global g_cache", text)
        self.assertIn("+300", text)
        rows = list(csv.DictReader(io.StringIO(self.diff("leaking", "--all", "--format", "csv"))))
        self.assertEqual(rows[0]["what"], "global g_cache")

    def test_wrong_input(self):
        self.assertEqual(subprocess.run([INQUEST, "diff", "/nowhere", "/nowhere"], capture_output=True).returncode, 1)
        self.assertEqual(subprocess.run([INQUEST, "diff", "/nowhere"], capture_output=True).returncode, 2)


if __name__ == "__main__":
    unittest.main()
