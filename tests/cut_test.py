"""`inquest cut`: a small dump tells the same stacks and the same cause, to us and to lldb."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import time
import unittest

from patient import INQUEST, ROOT, folder_of, build, die, check

BUILT = pathlib.Path(INQUEST).resolve().parent.parent / "cases"
FIXTURES = ROOT.parent / "shared/fixtures"
if not FIXTURES.is_dir():
    FIXTURES = pathlib.Path("/work/shared/fixtures")

# Program -> source; each dies with threads, a heap of 40 MiB, and what its cause is told by in memory.
PREAMBLE = """
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
#include <unistd.h>
static std::vector<char*> hoard;
static std::atomic<int> ready{0};
static void wait_for_ever(int n) { volatile char room[512]; room[0] = char(n); ++ready; for (;;) pause(); }
static void prepare() {
  for (int i = 0; i < 640; ++i) { hoard.push_back((char*)malloc(65536)); memset(hoard.back(), i, 65536); }
  for (int i = 0; i < 3; ++i) std::thread(wait_for_ever, i).detach();
  while (ready < 3) usleep(1000);
}
"""
PATIENTS = {
    "null": "struct G { int a[11]; int rank; };\nint main(int n, char**) { prepare(); G g{}; G* p = n > 5 ? &g : nullptr; return p->rank; }",
    "throw": "int main() { prepare(); throw std::runtime_error(\"the disk is full\"); }",
    "abort": "#include <cassert>\nint main(int n, char**) { prepare(); assert(n > 5 && \"five\"); }",
    "double-free": "int main() { prepare(); void* p = malloc(40); free(p); free(p); }",
    "uaf": "struct S { virtual int f() { return 1; } long a[6]; };\nint main() { prepare(); auto* s = new S; delete s; memset((void*)s, 0x41, 8); return s->f(); }",
    "map": "int main() { prepare(); std::map<int, std::string> m{{1, \"a\"}}; auto it = m.end(); free(*(void**)&m); *(long*)nullptr = it->first; }",
}
RECURSION = "int f(int n) { volatile char room[2000]; room[0] = n; return f(n + 1) + room[0]; }\nint main() { return f(0); }"
BUILT_CASES = ("uncaught-struct", "deadlock-ab-ba", "deadlock-self", "lobby", "stack-smash", "null-map-find",
               "uaf-reused-by-text", "pure-virtual-dtor", "exec-heap")


def run(*arguments, status=0):
    environment = {**os.environ, "DEBUGINFOD_URLS": ""}
    answer = subprocess.run([INQUEST, *map(str, arguments)], capture_output=True, timeout=300, env=environment)
    if answer.returncode != status:
        raise AssertionError(f"{arguments} returned {answer.returncode}:\n{answer.stdout}\n{answer.stderr}")
    return answer


def as_json(*arguments):
    return json.loads(run(*arguments, "--format", "json").stdout.decode())


def frames(dump, *options):
    stacks = as_json("stack", dump, *options)["threads"]
    return {stack["id"]: (stack["crashed"], stack["frames"]) for stack in stacks}


def cause(dump, *options):
    verdict = as_json("why", dump, *options)["verdict"]
    return verdict["cause"], verdict["summary"]


class Cut(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = folder_of(cls)
        cls.root = pathlib.Path(cls.folder.name)

    def patient(self, name, source):
        program = self.root / name
        core = self.root / (name + ".core")
        if not core.exists():
            build(program, source, "g++", "-g", "-w", "-pthread")
            die(core, program)
        return core

    def built(self, name):
        """A core of a program of cases/; of one that would wait for ever, taken while it does."""
        program = BUILT / "gcc-O0-g" / name
        core = self.root / f"built-{name}.core"
        if not program.exists() or core.exists():
            return core if core.exists() else None
        if name.startswith("deadlock"):
            with subprocess.Popen([program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
                time.sleep(1)  # they lock at once, and for ever
                run("dump", child.pid, "-o", core)
                child.kill()
        else:
            options = ["--clients", "4", "--bug", "null-guild"] if name == "lobby" else []
            die(core, program, *options)
        self.assertTrue(core.exists(), name)
        return core

    def cut(self, dump, *options):
        small = self.root / (pathlib.Path(dump).name + ".small.dmp")
        told = as_json("cut", dump, "-o", small, "--force", *options)
        check(told, "cut")
        self.assertEqual(told["bytes"], small.stat().st_size)
        return small, told

    def check_same(self, dump, small, *options):
        before, after = frames(dump, *options), frames(small, *options)
        self.assertEqual(before.keys(), after.keys())
        for thread, stack in before.items():
            self.assertEqual(stack, after[thread], f"thread {thread}")
        self.assertEqual(cause(dump, *options), cause(small, *options))

    def test_cores_of_patients_keep_their_answer(self):
        for name, source in PATIENTS.items():
            with self.subTest(name):
                core = self.patient(name, PREAMBLE + source)
                small, told = self.cut(core)
                self.check_same(core, small)
                self.assertTrue(told["same_answer"], told["warnings"])
                self.assertGreater(core.stat().st_size, 40 << 20)
                self.assertLess(told["bytes"], 1 << 20)

    def test_built_cases_keep_their_answer(self):
        for name in BUILT_CASES:
            core = self.built(name)
            if core is None:
                continue
            with self.subTest(name):
                small, told = self.cut(core)
                self.check_same(core, small)

    def test_a_stack_overflow_keeps_its_depth(self):
        core = self.patient("recursion", RECURSION)
        small, told = self.cut(core)
        self.check_same(core, small)

    def test_stacks_only_keeps_stacks(self):
        core = self.patient("null", PREAMBLE + PATIENTS["null"])
        small, told = self.cut(core, "--stacks-only")
        self.assertEqual(frames(core), frames(small))
        self.assertEqual(told["parts"]["pointed_to"]["kept"], 0)
        self.assertEqual(told["parts"]["thread_blocks"]["kept"], 0)

    def test_the_size_is_kept(self):
        core = self.patient("null", PREAMBLE + PATIENTS["null"])
        small, told = self.cut(core, "--size", "48KiB")
        self.assertLessEqual(small.stat().st_size, 48 << 10)
        self.assertEqual(cause(core)[0], cause(small)[0])
        text = run("cut", core, "--dry-run", "--size", "10B", status=1)
        self.assertIn(b"--size", text.stderr)

    def test_the_environment_stays_at_home(self):
        core = self.patient("null", PREAMBLE + PATIENTS["null"])
        secret = "INQUEST=".encode()
        self.assertIn(secret, core.read_bytes())
        self.assertNotIn(secret, self.cut(core)[0].read_bytes())
        self.assertIn(secret, self.cut(core, "--environment")[0].read_bytes())

    def test_a_cut_of_a_cut_is_the_same(self):
        core = self.patient("throw", PREAMBLE + PATIENTS["throw"])
        small, _ = self.cut(core)
        again, told = self.cut(small)
        self.check_same(small, again)
        self.assertEqual(told["from"]["format"], "minidump")
        before, after = as_json("show", small), as_json("show", again)
        before["dump"].pop("path"), after["dump"].pop("path")
        for part in ("threads", "modules", "annotations", "warnings", "system", "fault"):
            self.assertEqual(before[part], after[part])
        third, _ = self.cut(again)
        self.assertEqual(again.read_bytes(), third.read_bytes())

    def test_what_a_core_said_is_in_the_small_dump(self):
        core = self.patient("null", PREAMBLE + PATIENTS["null"])
        small, _ = self.cut(core)
        before, after = as_json("show", core), as_json("show", small)
        for part in ("fault", "system"):
            self.assertEqual(before.get(part), after.get(part))
        self.assertEqual(before["threads"], after["threads"])
        self.assertEqual([m["path"] for m in before["modules"]], [m["path"] for m in after["modules"]])
        for m, n in zip(before["modules"], after["modules"]):
            self.assertEqual({k: m[k] for k in ("base", "size", "build_id") if k in m},
                             {k: n[k] for k in ("base", "size", "build_id") if k in n})
        for key in ("pid", "command", "arguments", "executable", "complete"):
            self.assertEqual(before["dump"].get(key), after["dump"].get(key), key)
        self.assertIn("cut from null.core by inquest", after["annotations"]["comment"])

    def test_minidumps_keep_their_answer(self):
        dumps = sorted((ROOT / "fuzz/corpus/minidump").iterdir())
        dumps += sorted(FIXTURES.glob("*/*.dmp")) if FIXTURES.is_dir() else []
        for dump in dumps:
            with self.subTest(dump.name):
                beside = ("--symbols", dump.parent, "--image", dump.parent)
                small, told = self.cut(dump, *beside)
                self.check_same(dump, small, *beside)

    def test_fixture_cores_keep_their_answer(self):
        for core in sorted(FIXTURES.glob("casr-x64/core.*")) if FIXTURES.is_dir() else []:
            with self.subTest(core.name):
                small, told = self.cut(core, "--image", core.parent)
                self.check_same(core, small, "--image", core.parent)

    def test_a_cut_source_gives_what_there_is(self):
        core = self.patient("null", PREAMBLE + PATIENTS["null"])
        whole = core.read_bytes()
        for share in (0.02, 0.3, 0.9):
            damaged = self.root / f"damaged-{share}.core"
            damaged.write_bytes(whole[:int(len(whole) * share)])
            small, told = self.cut(damaged)
            self.check_same(damaged, small)
            self.assertTrue(told["warnings"])
            after = as_json("show", small)
            self.assertFalse(after["dump"]["complete"])
            self.assertTrue(any("cut at" in w["what"] for w in after["warnings"]), after["warnings"])

    def test_files_are_not_overwritten(self):
        core = self.patient("null", PREAMBLE + PATIENTS["null"])
        other = self.root / "precious"
        other.write_text("mine")
        self.assertIn(b"--force", run("cut", core, "-o", other, status=1).stderr)
        self.assertEqual(other.read_text(), "mine")
        size = core.stat().st_size
        self.assertIn(b"to be cut", run("cut", core, "-o", core, "--force", status=1).stderr)
        self.assertEqual(core.stat().st_size, size)
        self.assertIn(b"-o", run("cut", core, status=2).stderr)
        self.assertFalse(json.loads(run("cut", core, "--dry-run", "--format", "json").stdout)["written"])

    @unittest.skipUnless(shutil.which("lldb-19"), "lldb-19 is not installed")
    def test_lldb_reads_it(self):
        dumps = [(self.patient("null", PREAMBLE + PATIENTS["null"]), ()),
                 (self.patient("throw", PREAMBLE + PATIENTS["throw"]), ())]
        dumps += [(path, ()) for path in FIXTURES.glob("lldb-windows-x64/sigsegv.dmp")]
        dumps += [(path, ()) for path in FIXTURES.glob("orbit-linux-x64/*.dmp")]
        for dump, options in dumps:
            with self.subTest(dump.name):
                small, _ = self.cut(dump)
                told = subprocess.run(["lldb-19", "--no-lldbinit", "-c", small, "-b", "-o", "thread list", "-o",
                                       "thread backtrace all"], capture_output=True, text=True, timeout=300).stdout
                stacks = frames(dump)
                listed = set(int(tid, 0) for tid in re.findall(r"thread #\d+: tid = (0x[0-9a-f]+|\d+)", told))
                self.assertEqual(listed, set(stacks), told)
                pc = next(f[0]["pc"] for crashed, f in stacks.values() if crashed)
                self.assertRegex(told, rf"\* frame #0: 0x0*{pc[2:]}\b")


if __name__ == "__main__":
    unittest.main()
