"""`inquest sql` on a real core: the tables against what the program said of itself, formats, the pipe, the prompt, the file;
every example of docs/sql.md; and every table over damaged dumps."""
import csv
import io
import json
import os
import pathlib
import pty
import re
import select
import signal
import sqlite3
import subprocess
import time
import unittest

import patient
from patient import INQUEST, folder_of, build, die, inquest

SOURCE = r"""
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
struct Node { Node* next; long id; char name[40]; };
Node* g_nodes;
char** g_letters;  // to a pointer whose bytes are letters
enum class Mood { calm, angry };
__attribute__((noinline)) void fail(int level, Mood mood, const Node* node) {
  volatile double ratio = level * 0.5;
  std::printf("%p %p %d %f\n", (const void*)node, (const void*)&g_nodes, (int)mood, ratio);
  std::fflush(stdout);
  std::abort();
}
__attribute__((noinline)) void leak() {
  for (int i = 0; i < 50; ++i) {
    Node* head = static_cast<Node*>(std::calloc(1, 200));
    head->next = static_cast<Node*>(std::calloc(1, 72));
    std::strcpy(head->next->name, "a leaked text of the program");
  }
}
int main() {
  pthread_setname_np(pthread_self(), "patient");
  for (int i = 0; i < 1000; ++i) {
    Node* node = static_cast<Node*>(std::calloc(1, sizeof(Node)));
    node->next = g_nodes;
    node->id = i;
    std::snprintf(node->name, sizeof node->name, "node number %d", i);
    g_nodes = node;
  }
  void* far = mmap(reinterpret_cast<void*>(0x414243444000), 4096, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  g_letters = static_cast<char**>(std::calloc(1, 64));
  g_letters[0] = static_cast<char*>(far) + 0x546;
  std::strcpy(reinterpret_cast<char*>(g_letters + 2), "beside a pointer");
  leak();
  char dirt[4096];
  std::memset(dirt, 0, sizeof dirt);
  asm volatile("" : : "r"(dirt) : "memory");
  fail(7, Mood::angry, g_nodes);
}
"""


def sql(core, *arguments, **keywords):
    return inquest("sql", core, *arguments, **keywords)


class Sql(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = folder_of(cls)
        program = os.path.join(cls.folder.name, "program")
        build(program, SOURCE, "g++", "-O1", "-g")
        cls.core = program + ".core"
        said = die(cls.core, program)
        cls.node, cls.global_, _, _ = said.split()

    def rows(self, query, core=None):
        answer = sql(core or self.core, query, "--format", "json")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        value = json.loads(answer.stdout)
        patient.check(value, "sql")
        names = [column["name"] for column in value["columns"]]
        return [dict(zip(names, row)) for row in value["rows"]]

    def test_blocks_and_references(self):
        block, = self.rows(f"SELECT * FROM blocks WHERE address = {self.node}")
        self.assertEqual((block["address"], block["state"], block["reach"]), (self.node, "used", "reachable"))
        self.assertGreaterEqual(block["size"], 56)
        inside, = self.rows(f"SELECT address FROM blocks({self.node} + 20)")
        self.assertEqual(inside["address"], self.node)
        # A chain of 1,000: each holds the next at offset 0.
        chain = self.rows(f"""WITH RECURSIVE chain(at, n) AS (
            SELECT {self.node}, 1 UNION ALL
            SELECT r.target, n + 1 FROM chain JOIN refs r ON r.holder = chain.at AND r.offset = 0)
            SELECT count(*) AS n, count(DISTINCT at) AS different FROM chain""")
        self.assertEqual(chain, [{"n": 1000, "different": 1000}])
        root, = self.rows(f"SELECT * FROM refs WHERE target = {self.node} AND kind = 'global'")
        self.assertEqual((root["at"], root["owner"], root["points_to"]), (self.global_, "g_nodes", "begin"))
        one, = self.rows(f"SELECT target FROM refs WHERE holder = {self.node}")
        holders = self.rows(f"SELECT holder, kind FROM refs WHERE target = {one['target']} AND kind = 'block'")
        self.assertEqual(holders, [{"holder": self.node, "kind": "block"}])

    def answers(self, queries):
        """The rows of many statements, asked in one run."""
        answer = sql(self.core, "--format", "json", input=";\n".join(queries) + ";")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        decoder, text, found = json.JSONDecoder(), answer.stdout.strip(), []
        while text:
            value, end = decoder.raw_decode(text)
            patient.check(value, "sql")
            found.append(value["rows"])
            text = text[end:].strip()
        self.assertEqual(len(found), len(queries))
        return found

    def test_what_tables_narrow_is_what_sqlite_finds(self):
        """The same condition, once so that the table can use it, once (by a `+`) so that it cannot."""
        columns = (("blocks", "address"), ("refs", "target"), ("refs", "holder"), ("refs", "kind"), ("strings", "block"),
                   ("strings", "address"), ("frames", "thread"), ("variables", "depth"), ("variables", "thread"),
                   ("regions", "address"), ("symbols", "address"), ("symbols", "module"))
        values = self.answers([f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL LIMIT 300"
                               for table, column in columns])
        conditions = []
        for (table, column), rows in zip(columns, values):
            self.assertTrue(rows, (table, column))
            for value, in rows[::60]:
                is_word = isinstance(value, str) and not value.startswith("0x")
                literal = f"'{value}'" if is_word else value
                for comparison in ("=",) if is_word else ("=", "<", ">=", "<=", ">"):
                    conditions.append((table, column, f"{comparison} {literal}"))
        narrow = self.answers([f"SELECT count(*) FROM {table} WHERE {column} {rest}" for table, column, rest in conditions])
        whole = self.answers([f"SELECT count(*) FROM {table} WHERE +{column} {rest}" for table, column, rest in conditions])
        for condition, one, other in zip(conditions, narrow, whole):
            self.assertEqual(one, other, condition)

    def test_leaks_are_those_of_leaks(self):
        told = patient.answer("leaks", self.core)
        sums, = self.rows("SELECT sum(head = address) AS definite, sum(head <> address) AS indirect, sum(size) AS bytes "
                          "FROM blocks WHERE reach = 'lost'")
        self.assertEqual(sums["definite"], told["totals"]["definite"]["blocks"])
        self.assertEqual(sums["indirect"], told["totals"]["indirect"]["blocks"])
        self.assertGreaterEqual(sums["definite"], 45)
        self.assertEqual(self.rows("SELECT size FROM leaked_sizes LIMIT 1")[0]["size"], 200)

    def test_frames_are_those_of_stack(self):
        told = patient.answer("stack", self.core)
        frames = self.rows("SELECT pc, trust, module, function, line, inlined FROM crashed_stack")
        expected = [{key: frame.get(key) for key in ("pc", "trust", "module", "function", "line", "inlined")}
                    for frame in told["threads"][0]["frames"]]
        self.assertEqual(frames, expected)
        self.assertEqual(self.rows("SELECT name FROM threads")[0]["name"], "patient")

    def test_variables(self):
        rows = self.rows("SELECT v.name, v.type, v.value, v.pointer, v.parameter FROM variables v JOIN frames f "
                         "ON f.thread = v.thread AND f.depth = v.depth WHERE f.function LIKE 'fail(%'")
        found = {row["name"]: row for row in rows}
        self.assertEqual(found["ratio"]["value"], "3.5")
        self.assertTrue(found["level"]["parameter"])
        self.assertIn("Mood", found["mood"]["type"])
        if found["node"]["value"] is not None:
            self.assertEqual(found["node"]["pointer"], self.node)

    def test_strings_and_symbols(self):
        texts = self.rows("SELECT text, encoding FROM strings WHERE text LIKE 'node number %'")
        self.assertEqual(len(texts), 1000)
        named, = self.rows("SELECT text FROM strings WHERE block = " + self.node)
        self.assertEqual(named["text"], "node number 999")
        # 0x414243444546 is "FEDCBA", but leads into a mapping.
        texts = self.rows("SELECT text FROM strings WHERE block = "
                          "(SELECT block FROM strings WHERE text = 'beside a pointer')")
        self.assertEqual(texts, [{"text": "beside a pointer"}])
        symbol, = self.rows("SELECT address, kind FROM symbols WHERE name = 'g_nodes'")
        self.assertEqual((symbol["address"], symbol["kind"]), (self.global_, "object"))
        at, = self.rows(f"SELECT name FROM symbols WHERE address = {self.global_}")
        self.assertEqual(at["name"], "g_nodes")
        self.assertTrue(self.rows("SELECT 1 FROM symbols WHERE module = 'libc.so.6' AND name = 'malloc'"))

    def test_the_verdict(self):
        why = patient.answer("why", self.core)
        finding = self.rows("SELECT kind, summary FROM findings WHERE id = 0")[0]
        self.assertEqual(finding, {"kind": why["verdict"]["cause"], "summary": why["verdict"]["summary"]})
        evidence = self.rows("SELECT what FROM evidence WHERE finding = 0")
        self.assertEqual([row["what"] for row in evidence], [one["what"] for one in why["verdict"]["evidence"]])

    def test_formats(self):
        query = f"SELECT address, size, mapped, NULL AS empty, 'a,\"b' AS text FROM blocks WHERE address = {self.node}"
        text = sql(self.core, query)
        self.assertEqual(text.returncode, 0, text.stderr)
        heads, row = text.stdout.splitlines()
        self.assertEqual(heads.split(), ["address", "size", "mapped", "empty", "text"])
        self.assertIn(self.node, row)
        self.assertEqual(text.stderr, "")
        line, = csv.DictReader(io.StringIO(sql(self.core, query, "--format", "csv").stdout))
        self.assertEqual((line["address"], line["empty"], line["text"]), (self.node, "", 'a,"b'))
        row, = self.rows(query)
        self.assertEqual((row["mapped"], row["empty"]), (False, None))

    def test_what_is_wrong(self):
        wrong = sql(self.core, "SELECT sise FROM blocks")
        self.assertEqual((wrong.returncode, wrong.stdout), (2, ""))
        self.assertEqual(len(wrong.stderr.splitlines()), 1)
        self.assertIn("no such column: sise", wrong.stderr)
        self.assertEqual(sql("/nowhere", "SELECT 1").returncode, 1)
        self.assertEqual(sql(self.core, ".nothing").returncode, 2)
        self.assertEqual(sql(self.core, "SELECT 1", "--write", "x").returncode, 2)
        self.assertEqual(sql(self.core, "--table", "blocks").returncode, 2)
        unwritable = sql(self.core, "--write", "/nowhere/x.sqlite")
        self.assertEqual(unwritable.returncode, 1)
        self.assertIn("/nowhere/x.sqlite", unwritable.stderr)
        forbidden = os.path.join(self.folder.name, "forbidden.db")
        self.assertEqual(sql(self.core, f"ATTACH '{forbidden}' AS x").returncode, 2)
        self.assertFalse(os.path.exists(forbidden))

    def test_pipe(self):
        answer = sql(self.core, input="-- two\nSELECT 1 AS a;\nSELECT 'x;y' AS b,\n 2 AS c;\n.tables\n")
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertIn("x;y", answer.stdout)
        self.assertIn("every block of every allocator", answer.stdout)
        stopped = sql(self.core, input="SELECT 1 AS before;\nSELECT nonsense;\nSELECT 3 AS behind;")
        self.assertEqual(stopped.returncode, 2)
        self.assertNotIn("behind", stopped.stdout)

    def test_interrupt(self):
        process = subprocess.Popen([INQUEST, "sql", self.core], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        process.stdin.write("SELECT 'ready';\nWITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
                            "SELECT max(x) FROM c;\n")
        process.stdin.flush()
        while "ready" not in process.stdout.readline():
            pass
        process.stdout.readline()
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertIn("interrupted", errors)

    def test_file_for_other_tools(self):
        path = os.path.join(self.folder.name, "out.sqlite")
        answer = sql(self.core, "--write", path)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        database = sqlite3.connect(path)
        for table in ("blocks", "refs", "frames", "strings", "symbols", "variables", "regions"):
            count, = database.execute(f"SELECT count(*) FROM {table}").fetchone()
            self.assertEqual([{"n": count}], self.rows(f"SELECT count(*) AS n FROM {table}"), table)
        same = "SELECT holder, offset, target, kind FROM refs ORDER BY at, target"
        ours = self.rows(same)
        theirs = [{"holder": hex(holder) if holder is not None else None, "offset": offset, "target": hex(target), "kind": kind}
                  for holder, offset, target, kind in database.execute(same)]
        self.assertEqual(ours, theirs)
        for name, in database.execute("SELECT name FROM sqlite_schema WHERE type = 'view'").fetchall():
            database.execute(f"SELECT * FROM {name} LIMIT 1").fetchall()
        database.close()
        some = os.path.join(self.folder.name, "some.sqlite")
        self.assertEqual(sql(self.core, "--write", some, "--table", "threads", "--table", "modules").returncode, 0)
        names = {name for name, in sqlite3.connect(some).execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        self.assertEqual(names, {"threads", "modules"})
        self.assertEqual(sql(self.core, "--write", some, "--table", "nothing").returncode, 1)
        self.assertEqual([name for name in os.listdir(self.folder.name) if name.endswith(".part")], [])

    def test_prompt(self):
        state = os.path.join(self.folder.name, "state")
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.update(XDG_STATE_HOME=state, TERM="xterm", LC_ALL="C.UTF-8")
            os.execv(INQUEST, [INQUEST, "sql", self.core])
        seen = b""

        def until(text, send=None):
            nonlocal seen
            if send is not None:
                seen = b""
                os.write(terminal, send)
            end = time.monotonic() + 60
            while text not in seen:
                self.assertLess(time.monotonic(), end, seen)
                if select.select([terminal], [], [], 1)[0]:
                    seen += os.read(terminal, 65536)

        until(b"sql> ")
        until(b"every block of every allocator", b".tables\n")
        until(b"...> ", b"SELECT 6*7\n")
        until(b"42", b"AS answer;\n")
        until(b"sql> ")
        # Completion: `bloc<Tab>` leaves three names, `sel<Tab>` and `fro<Tab>` one each.
        until(b"block_sizes", b"sel\tcount(*) AS n fro\tbloc\t\t")
        until(b"no such column: nonsense", b"\x03SELECT nonsense;\n")
        until(b"sql> ")
        until(b"1000", b"sel\tcount(*) fro\tstri\twhere text like 'node number %';\n")
        until(b"sql> ")
        os.write(terminal, b".quit\n")
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0)
        history = pathlib.Path(state, "inquest/sql_history").read_text()
        self.assertIn("6*7", history)

    def test_examples_of_the_document(self):
        """Each ```sql of docs/sql.md runs; each has an answer on a core that has the things it asks for."""
        examples = re.findall(r"```sql\n(.*?)```", (patient.ROOT / "docs/sql.md").read_text(), re.S)
        self.assertGreaterEqual(len(examples), 10)
        for example in examples:
            with self.subTest(example):
                answer = sql(self.core, example)
                self.assertEqual(answer.returncode, 0, answer.stderr)

    def test_damaged_dumps(self):
        """Every table over every seed of the fuzzers; each answers, or the dump is refused in one line."""
        tables = [line.split()[0] for line in sql(self.core, ".tables").stdout.splitlines()]
        queries = "".join(f"SELECT count(*) FROM (SELECT * FROM {table} LIMIT 20000);\n" for table in tables)
        seeds = [seed for kind in ("elf_core", "minidump") for seed in sorted((patient.ROOT / "fuzz/corpus" / kind).iterdir())]
        self.assertTrue(seeds)
        for seed in seeds[:200]:
            with self.subTest(seed.name):
                answer = sql(str(seed), "--format", "csv", input=queries)
                if answer.returncode == 1:
                    self.assertEqual(len(answer.stderr.splitlines()), 1, answer.stderr)
                    continue
                self.assertEqual(answer.returncode, 0, answer.stderr)
                self.assertEqual(len(answer.stdout.splitlines()), 2 * len(tables))


if __name__ == "__main__":
    unittest.main()
