"""`inquest diff` on cores of a live server: what grows comes first, and where it gathers; a healthy one shows nothing."""
import csv
import io
import json
import os
import pathlib
import signal
import subprocess
import unittest

import patient
from patient import folder_of, inquest

HERE = pathlib.Path(__file__).resolve().parent
ROUND = "s"  # a command to the server: serve a round
REPLAY, NO_REPLAY = "r", "x"  # a round, and make (or delete) a Replay


def set_time(core, seconds):
    """As if the dump had been made then: its note says when."""
    data = pathlib.Path(core).read_bytes()
    at = data.index(b'"time":') + 7
    pathlib.Path(core).write_bytes(data[:at] + b"%12d" % seconds + data[at + 12:])


def dump_server(program, mode, core, commands, limit=None):
    """Dumps the server before the first command and after each one."""
    line = [program, mode] if limit is None else ["sh", "-c", f"ulimit -v {limit}; exec {program} {mode}"]
    child = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    cores = []
    try:
        for number, command in enumerate([*commands, None]):
            child.stdout.readline()
            cores.append(f"{core}.{number}")
            dumped = inquest("dump", child.pid, "-o", cores[-1])
            if dumped.returncode != 0:
                raise unittest.SkipTest("no right to dump: " + dumped.stderr)
            if command:
                child.stdin.write(command)
                child.stdin.flush()
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdin.close()
        child.stdout.close()
    return cores


class Diff(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = folder_of(cls)
        cls.program = os.path.join(cls.folder.name, "server")
        cls.compile(cls.program)
        base = cls.folder.name + "/"
        cls.leaking = dump_server(cls.program, "leak", base + "leaking", [ROUND] * 2, limit=4 << 20)
        for hour, core in enumerate(cls.leaking):
            set_time(core, 1763800000 + 3600 * hour)
        cls.healthy = dump_server(cls.program, "healthy", base + "healthy", [ROUND] * 2)

    @classmethod
    def compile(cls, program, *flags):
        source = str(HERE / "diff_server.cc")
        subprocess.run(["g++", "-g", "-O0", "-w", *flags, source, "-o", program, "-pthread"], check=True)

    def diff(self, *arguments):
        answer = inquest("diff", *arguments)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        return answer.stdout

    def values(self, *arguments):
        value = json.loads(self.diff(*arguments, "--format", "json"))
        patient.check(value, "diff")
        return value

    def row(self, rows, what):
        found = [row for row in rows if row["what"] == what]
        self.assertEqual(len(found), 1, f"{what} in {[row['what'] for row in rows]}")
        return found[0]

    def test_the_growing_owner_comes_first_and_where_it_gathers(self):
        value = self.values(*self.leaking[:2])
        self.assertTrue(value["one_process"])
        first = value["owners"][0]
        self.assertEqual(first["what"], "global chat::g_server")
        self.assertEqual(first["change"], "grew")
        self.assertNotIn("every_step", first, "two dumps are no trend")
        gathering = first["gathering"]
        types = [step.get("type") for step in gathering["path"]]
        self.assertIn("chat::ChatLog", types, "of one room, below all rooms")
        self.assertEqual(gathering["path"][-1]["member"], "lines")
        self.assertEqual(gathering["path"][0]["member"], "rooms")
        held = gathering["more"][0]
        self.assertEqual(held["type"], "chat::Line")
        self.assertAlmostEqual(held["blocks"], 3142, delta=150, msg="3,000 and a 21st part of 3,000")
        self.assertGreater(gathering["largest"]["kept"], 0.7 * gathering["kept"], "one room of 21")

    def test_types(self):
        value = self.values(*self.leaking[:2])
        line = self.row(value["types"], "chat::Line")
        self.assertAlmostEqual(line["blocks"], 3142, delta=150)
        self.assertFalse([row for row in value["types"] if "Session" in row["what"]], "they come and go")
        text = self.row(value["types"], 'text like "line # of a chat about n"')
        self.assertEqual(text["part_of"], "text")
        self.assertAlmostEqual(text["blocks"], 3142, delta=150)

    def test_the_third_dump_confirms(self):
        value = self.values(*self.leaking)
        first = value["owners"][0]
        self.assertEqual(first["what"], "global chat::g_server")
        self.assertTrue(first["every_step"])
        self.assertEqual(len(first["each"]), 3)
        self.assertTrue(self.row(value["types"], "chat::Line")["every_step"])
        stayed = next(row for row in value["by_address"]["types"] if row["type"] == "chat::Line")
        self.assertGreater(stayed["alive"]["blocks"], 2900)
        self.assertGreaterEqual(stayed["born"]["blocks"], stayed["alive"]["blocks"])
        self.assertFalse([row for row in value["by_address"]["types"] if "Session" in row["type"]])
        text = self.diff(*self.leaking)
        self.assertIn("global chat::g_server grew in every step", text)
        self.assertIn("`chat::ChatLog` of `chat::Room` of global chat::g_server.rooms, member lines:", " ".join(text.split()))

    def test_pace_and_end(self):
        pace = self.values(*self.leaking)["pace"]
        self.assertFalse(pace["by_file_times"], "our own dumps say when they were made")
        self.assertEqual(pace["hours"], 2)
        grown = self.values(*self.leaking)["total"]["bytes"]
        self.assertEqual(pace["bytes_per_hour"], grown / 2)
        self.assertNotIn("pace", self.values(*self.healthy), "of the same second")
        self.assertIn("an hour, over 2 hours", self.diff(*self.leaking))
        self.assertNotIn("end_estimate", self.values(*self.leaking[:2])["pace"], "two dumps are no trend")
        if "end_estimate" in pace:  # the heap grew in both steps
            self.assertEqual(pace["end_estimate"]["what"], "address space (RLIMIT_AS)")
            self.assertEqual(pace["end_estimate"]["most"], 4 << 30)

    def test_the_wrong_order_is_said(self):
        value = self.values(*reversed(self.leaking))
        self.assertTrue([w for w in value["warnings"] if "is older than" in w["what"]])
        self.assertNotIn("pace", value)
        self.assertFalse([w for w in self.values(*self.leaking)["warnings"] if "is older than" in w["what"]])

    def test_a_healthy_process_shows_nothing(self):
        for dumps in (self.healthy[:2], self.healthy[1:], self.healthy):
            value = self.values(*dumps)
            for by in ("owners", "types", "sizes", "arenas"):
                self.assertEqual(value[by], [], by)
            self.assertEqual(value["by_address"]["types"], [])
            self.assertIn("Nothing changed by 64 KiB or more", self.diff(*dumps))

    def test_new_and_gone(self):
        cores = dump_server(self.program, "healthy", self.folder.name + "/replay", [REPLAY, NO_REPLAY])
        came = self.row(self.values(*cores[:2])["types"], "chat::Replay")
        self.assertEqual((came["change"], came["before"]["blocks"], came["after"]["blocks"]), ("new", 0, 1))
        self.assertEqual(self.row(self.values(*cores[:2])["owners"], "global chat::g_replay")["change"], "new")
        went = self.row(self.values(*cores[1:])["types"], "chat::Replay")
        self.assertEqual((went["change"], went["after"]["blocks"]), ("gone", 0))

    def test_two_processes_of_one_program(self):
        value = self.values(self.healthy[0], self.leaking[2])
        self.assertFalse(value["one_process"])
        self.assertNotIn("by_address", value)
        self.assertNotIn("pace", value)
        self.assertEqual(value["owners"][0]["what"], "global chat::g_server")
        self.assertFalse([w for w in value["warnings"] if "different" in w["what"]])

    def test_two_builds_of_a_program(self):
        other = self.program + "-o"
        self.compile(other, "-O1")
        os.makedirs(self.folder.name + "/other")
        renamed = self.folder.name + "/other/server"
        os.rename(other, renamed)
        cores = dump_server(renamed, "leak", self.folder.name + "/other/core", [])
        value = self.values(self.healthy[0], cores[0])
        self.assertTrue([w for w in value["warnings"] if "different builds of server" in w["what"]])
        other_program = self.folder.name + "/lobby"
        os.rename(renamed, other_program)
        cores = dump_server(other_program, "leak", self.folder.name + "/other/core", [])
        value = self.values(self.healthy[0], cores[0])
        self.assertTrue([w for w in value["warnings"] if "different programs, server and lobby" in w["what"]])

    def cut_by(self, bytes_less):
        whole = pathlib.Path(self.leaking[1]).read_bytes()
        cut = pathlib.Path(self.folder.name) / f"cut-{bytes_less}"
        cut.write_bytes(whole[:-bytes_less])
        return str(cut)

    def test_a_dump_that_was_cut(self):
        cut = self.cut_by(4096)
        value = self.values(self.leaking[0], cut, self.leaking[2])
        self.assertTrue([w for w in value["warnings"] if w["what"].startswith(cut)])
        self.assertNotIn("by_address", value, "what is missing is not gone")

    def test_a_dump_without_a_heap_says_nothing_is_gone(self):
        cut = self.cut_by(os.path.getsize(self.leaking[1]) - 100_000)
        told = inquest("diff", self.leaking[0], cut)
        self.assertEqual((told.returncode, told.stdout), (1, ""))
        self.assertIn(cut, told.stderr)
        self.assertIn("complete dumps", told.stderr)

    def test_text_and_csv(self):
        text = self.diff(*self.leaking[:2])
        self.assertIn("Where it gathers", text)
        rows = list(csv.DictReader(io.StringIO(self.diff(*self.leaking, "--all", "--format", "csv"))))
        self.assertEqual(rows[0]["what"], "global chat::g_server")
        self.assertEqual(rows[0]["every_step"], "yes")
        self.assertEqual(len(rows[0]["bytes_in_each"].split()), 3)
        self.assertEqual({row["by"] for row in rows}, {"owner", "type", "size", "arena", "survivors"})

    def test_without_debug_information(self):
        value = self.values(*self.leaking[:2], "--untyped")
        self.assertEqual(value["owners"][0]["what"], "global chat::g_server")
        self.assertEqual([row["what"] for row in value["types"]], ["blocks of no known type"])

    def test_wrong_input(self):
        self.assertEqual(inquest("diff", "/nowhere", "/nowhere").returncode, 1)
        self.assertEqual(inquest("diff", "/nowhere").returncode, 2)


if __name__ == "__main__":
    unittest.main()
