"""Stacks of real programs, frame for frame against gdb's.

Programs of Debian, aborted at work, and the cores of the fixtures folder where it is there. gdb is
the second witness: pc of every frame, and the function's name where both have one. Known
differences are listed in docs/stacks-and-gdb.md; one that is not listed fails the test.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

INQUEST = os.environ["INQUEST"]
HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE.parent.parent / "shared/fixtures/casr-x64"


def gdb_stacks(program, core):
    text = subprocess.run(
        ["gdb", "-q", "-nx", "-batch", "-x", str(HERE / "gdb_frames.py"), str(program), str(core)],
        capture_output=True, text=True, timeout=300, env=dict(os.environ, DEBUGINFOD_URLS="")).stdout
    line = [line for line in text.splitlines() if line.startswith("JSON ")][-1]
    return {stack["id"]: stack["frames"] for stack in json.loads(line[5:])}


def inquest_stacks(core):
    answer = subprocess.run([INQUEST, "stack", str(core), "--format", "json"], capture_output=True,
                            text=True, timeout=300)
    assert answer.returncode == 0, answer.stderr
    return {thread["id"]: thread["frames"] for thread in json.loads(answer.stdout)["threads"]}


def bare(name):
    """A function's name without parameters, template arguments, return type and decorations."""
    name = re.sub(r"\[.*?\]|@plt$|@@?.*$|\.(isra|constprop|part|cold|lto_priv)\b.*$", "", name)
    name = name.replace("(anonymous namespace)", "{anon}")
    operator = re.search(r"operator\s*(\(\)|[^\w\s(]+)", name)
    if operator:
        return "operator" + operator[1]
    depth, kept = 0, []
    for c in name:
        if c == "<":
            depth += 1
        elif c == ">":
            depth -= 1
        elif c == "(" and depth == 0:
            break
        elif depth == 0:
            kept.append(c)
    return "".join(kept).split("::")[-1].strip().split(" ")[-1]


def same_name(ours, theirs):
    """Aliases differ by leading underscores and suffixes: __GI_raise, raise."""
    def stem(name):
        return re.sub(r"^(_*GI_+|_*IO_|_+)", "", bare(name)).rstrip("_")
    return not ours or not theirs or stem(ours) == stem(theirs)


class PeerStacks(unittest.TestCase):
    maxDiff = None

    def compare(self, program, core):
        theirs, ours = gdb_stacks(program, core), inquest_stacks(core)
        self.assertEqual(sorted(theirs), sorted(ours), "threads")
        compared = 0
        for thread, frames in theirs.items():
            mine = ours[thread]
            frames = [f for f in frames if not f["tail_call"]]  # guessed by gdb: docs/stacks-and-gdb.md
            # gdb ends a stack by a null frame where CFI says that there is no caller: both stop there.
            pcs = [int(f["pc"], 16) for f in mine if not f["inlined"]]
            gdb_pcs = [f["pc"] for f in frames if not f["inlined"]]
            while gdb_pcs and gdb_pcs[-1] == 0:
                gdb_pcs.pop()
            self.assertEqual([hex(p) for p in pcs], [hex(p) for p in gdb_pcs], f"thread {thread} of {core}")
            named = [f for f in mine if not f["inlined"]]
            for a, b in zip(named, [f for f in frames if not f["inlined"]]):
                if b["signal"]:
                    continue
                self.assertTrue(same_name(a.get("function", ""), b["function"]),
                                f"{a.get('function')} is not {b['function']} at {a['pc']} of {core}")
                compared += 1
        return compared

    def abort(self, command, ready=1.0, typed="", user=None):
        """Starts the command, types to it, and when it has come to rest aborts it. Returns how many
        frames had names on both sides."""
        program = shutil.which(command[0])
        if not program or not shutil.which("gdb"):
            self.skipTest(f"{command[0]} or gdb is not installed")
        with tempfile.TemporaryDirectory() as folder:
            inquest = INQUEST
            if user:  # who need not be able to enter the folder of the build
                shutil.chown(folder, user)
                inquest = shutil.copy2(INQUEST, folder)
            core = pathlib.Path(folder) / "core"
            runner = subprocess.Popen(
                [inquest, "run", "--core", str(core), "--no-verdict", "--", program, *command[1:]],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, user=user,
                cwd=folder)
            runner.stdin.write(typed)
            runner.stdin.flush()
            time.sleep(ready)
            children = pathlib.Path(f"/proc/{runner.pid}/task/{runner.pid}/children").read_text()
            os.kill(int(children.split()[0]), signal.SIGABRT)
            _, errors = runner.communicate(timeout=60)
            self.assertTrue(core.exists(), errors)
            compared = self.compare(os.path.realpath(program), core)
            self.assertGreater(compared, 0)
            return compared

    def test_sleep(self):
        self.abort(["sleep", "100"])

    def test_bash(self):
        self.abort(["bash", "-c", "read line; true"])

    def test_python3(self):
        self.abort(["/usr/bin/python3", "-c",
                    "import threading, time\n"
                    "threads = [threading.Thread(target=time.sleep, args=(100,)) for _ in range(3)]\n"
                    "[t.start() for t in threads]\n"
                    "[t.join() for t in threads]\n"])

    def test_postgres(self):
        programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"))
        if not programs:
            self.skipTest("postgres is not installed (apt install postgresql)")
        user = "nobody" if os.geteuid() == 0 else None  # it refuses to run as root
        with tempfile.TemporaryDirectory() as folder:
            if user:
                shutil.chown(folder, user)
            data = folder + "/data"
            subprocess.run([programs[-1].with_name("initdb"), "-D", data, "-A", "trust", "--no-sync"],
                           check=True, stdout=subprocess.DEVNULL, user=user, cwd=folder)
            compared = self.abort([str(programs[-1]), "--single", "-D", data, "postgres"], ready=2.0,
                                  typed="select pg_sleep(100);\n", user=user)
        self.assertGreater(compared, 10)  # from main through the executor into the sleep

    def test_fixtures(self):
        if not FIXTURES.is_dir() or not shutil.which("gdb"):
            self.skipTest("the folder of fixtures is not beside the project")
        compared = 0
        for core in sorted(FIXTURES.glob("core.*")):
            program = core.with_name(core.name.removeprefix("core."))
            with self.subTest(core.name):
                answer = subprocess.run(
                    [INQUEST, "stack", str(core), "--image", str(FIXTURES), "--format", "json"],
                    capture_output=True, text=True, timeout=60)
                self.assertEqual(answer.returncode, 0, answer.stderr)
                ours = json.loads(answer.stdout)["threads"][0]["frames"]
                theirs = next(iter(gdb_stacks(program, core).values()))
                pcs = [f["pc"] for f in theirs if not f["inlined"] and f["pc"]]
                mine = [int(f["pc"], 16) for f in ours if not f["inlined"]]
                # Without the system's libraries gdb goes on by guessing, and ends in what is no code.
                # Every frame that it names before its first guess must be ours, in order.
                wanted = []
                for frame in theirs:
                    if not frame["function"] and frame["pc"] not in mine:
                        break
                    if frame["function"]:
                        wanted.append(frame["pc"])
                compared += len(wanted)
                found = iter(mine)
                self.assertTrue(all(pc in found for pc in wanted),
                                f"{core.name}: gdb {[hex(p) for p in pcs]}, ours {[hex(p) for p in mine]}")
        self.assertGreater(compared, 0)


if __name__ == "__main__":
    unittest.main()
