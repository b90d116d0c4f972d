"""Symbols from real servers on loopback: nginx over a store with a packed PDB and a file.ptr, and debuginfod.

What they give is found, kept, and found without them; a server that is down, slow, lies or breaks off costs one
warning and not the report.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

import local_servers
import windows_dump
from local_servers import Debuginfod, Misbehaving, Nginx, nobody

INQUEST = os.environ["INQUEST"]
NAMES = ["damage", "engine_tick", "play", "start"]
LOGIN = b"<html><body>please log in</body></html>"


def why(dump, *options, work, **variables):
    """The report and the seconds it took; whatever the servers do, there is one."""
    environment = {**os.environ, "no_proxy": "127.0.0.1", "DEBUGINFOD_URLS": "", "INQUEST_SYMBOL_PATH": "",
                   "_NT_SYMBOL_PATH": "", "XDG_CACHE_HOME": str(work / "xdg"),
                   "DEBUGINFOD_CACHE_PATH": str(work / "debuginfod"), **variables}
    start = time.monotonic()
    done = subprocess.run([INQUEST, "why", str(dump), "--format", "json", *map(str, options)], capture_output=True,
                          text=True, timeout=120, env=environment)
    if done.returncode != 0:
        raise AssertionError(f"status {done.returncode}: {done.stderr}")
    return json.loads(done.stdout), time.monotonic() - start


def names(report):
    """The functions of the thread that died, or of the only one."""
    threads = report["threads"]
    return [f.get("function") for f in next((t for t in threads if t["crashed"]), threads[0])["frames"]]


def warnings(report):
    return "\n".join(json.dumps(w) for w in report["warnings"])


class Servers(unittest.TestCase):
    """A folder for each test, and what is the same for both kinds of servers."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="servers-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def assert_warned(self, report, *words):
        """In one warning: what happened, and what to do about it."""
        found = [w for w in report["warnings"] if all(word in w["what"] for word in words)]
        self.assertEqual(len(found), 1, f"{words} in: {warnings(report)}")
        self.assertTrue(found[0]["advice"])

    def assert_nothing_kept(self, cache):
        kept = [p for p in cache.rglob("*") if p.is_file() and ".missing" not in p.parts and p.stat().st_size]
        self.assertEqual(kept, [])


@unittest.skipUnless(windows_dump.have_tools(), "no clang-19 and lld-link-19")
@unittest.skipUnless(local_servers.NGINX and shutil.which("gcab"), "no nginx and gcab")
class SymbolServer(Servers):
    def setUp(self):
        super().setUp()
        self.images = windows_dump.build(self.folder / "build")
        self.dump = self.folder / "dump/game.dmp"
        self.dump.parent.mkdir()
        windows_dump.write_dump(self.dump, self.images)
        self.store = self.folder / "www"
        self.add(self.folder / "build")
        self.cache = self.folder / "cache"

    def add(self, build):
        subprocess.run([INQUEST, "symbols", "add", "--store", self.store, build], check=True, capture_output=True)

    def place(self, pdb):
        return self.store / pdb / self.images["game.exe" if pdb == "game.pdb" else "engine.dll"].id

    def pack_and_point(self):
        """As SymStore leaves them: one PDB packed, of the other only where it lies."""
        game, engine = self.place("game.pdb"), self.place("engine.pdb")
        subprocess.run(["gcab", "--create", "--zip", "--nopath", "game.pd_", "game.pdb"], check=True, cwd=game)
        (game / "game.pdb").unlink()
        (self.store / "builds/4711").mkdir(parents=True)
        (engine / "engine.pdb").rename(self.store / "builds/4711/engine.pdb")
        (engine / "file.ptr").write_text("PATH:builds/4711/engine.pdb\r\n")

    def why(self, url, **variables):
        return why(self.dump, "--symbols", f"srv*{self.cache}*{url}", work=self.folder, **variables)

    def assert_without_symbols(self, report):
        """The rest of the report: the cause is known, the stack too, by module and offset."""
        self.assertEqual(report["fault"]["access"], "read")
        self.assertEqual(report["fault"]["address"], "0x18")
        crashed = next(t for t in report["threads"] if t["crashed"])["frames"]
        self.assertEqual(crashed[0]["module"], "game.exe")
        self.assertNotIn("damage", names(report))
        self.assert_nothing_kept(self.cache)

    def test_found_kept_and_found_offline(self):
        self.pack_and_point()
        with Nginx(self.store) as nginx:
            first, _ = self.why(nginx.url)
            asked = nginx.requests()
            self.assertEqual(names(first), NAMES)
            self.assertEqual(first["verdict"]["cause"], "null-dereference")
            self.assertIn("Player::health", first["verdict"]["summary"])
            given = {path.rsplit("/", 1)[1] for path, status in asked if status == 200}
            self.assertEqual(given, {"game.exe", "engine.dll", "game.pd_", "file.ptr", "engine.pdb"})
            self.assertEqual({m["from"].rsplit("/", 1)[1] for m in first["modules"]}, {"game.pd_", "engine.pdb"})
            second, _ = self.why(nginx.url)
            self.assertEqual(nginx.requests(), asked)
            self.assertEqual(names(second), NAMES)
        offline, _ = self.why(nginx.url)
        self.assertEqual(names(offline), NAMES)
        self.assertNotIn(nginx.url, warnings(offline))
        by_cache, _ = why(self.dump, "--symbols", self.cache, work=self.folder)
        self.assertEqual(names(by_cache), NAMES)

    def test_has_no_such_file(self):
        empty = self.folder / "empty"
        empty.mkdir()
        with Nginx(empty) as nginx:
            report, _ = self.why(nginx.url)
            self.assert_without_symbols(report)
            self.assert_warned(report, "game.exe", "asked in vain", nginx.url)
            asked = nginx.requests()
            self.assertEqual({status for _, status in asked}, {404})
            again, _ = self.why(nginx.url)
            self.assertEqual(nginx.requests(), asked)
            self.assert_warned(again, "game.exe", "asked in vain", nginx.url)

    def test_is_down(self):
        with nobody() as url:
            report, seconds = self.why(url)
        self.assert_without_symbols(report)
        self.assert_warned(report, url, "does not answer")
        self.assertLess(seconds, 20)

    def test_is_slow(self):
        with Nginx(self.store, "limit_rate 40;") as nginx:
            report, seconds = self.why(nginx.url)
        self.assert_without_symbols(report)
        self.assert_warned(report, nginx.url, "too slow")
        self.assertLess(seconds, 60)

    def test_stalls(self):
        with Misbehaving(b"MZ", "stall", 5000) as server:
            report, seconds = self.why(server.url)
        self.assert_without_symbols(report)
        self.assert_warned(report, server.url, "too slow")
        self.assertLess(seconds, 60)

    def test_gives_another_build(self):
        windows_dump.build(self.folder / "other", salt=2)
        for pdb in ("game.pdb", "engine.pdb"):
            shutil.copy(self.folder / "other" / pdb, self.place(pdb))
        other = windows_dump.Image(self.folder / "other/game.exe").id
        with Nginx(self.store) as nginx:
            report, _ = self.why(nginx.url)
        self.assertNotIn("damage", names(report))
        self.assert_warned(report, nginx.url, "game.pdb", other)
        self.assertEqual([p for p in self.cache.rglob("*.pdb") if p.is_file()], [])

    def test_gives_a_page_instead(self):
        www = self.folder / "portal"
        www.mkdir()
        (www / "login.html").write_bytes(LOGIN)
        with Nginx(www, "error_page 404 =200 /login.html;") as nginx:
            report, _ = self.why(nginx.url)
        self.assert_without_symbols(report)
        self.assert_warned(report, nginx.url, "game.pdb", "not that file")

    def test_breaks_off(self):
        with Misbehaving(b"x" * 1000, "cut", 100_000) as server:
            report, _ = self.why(server.url)
        self.assert_without_symbols(report)
        self.assert_warned(report, server.url, "game.pdb", "cut")

    def test_leaves_room_for_the_next_server(self):
        with nobody() as down, Nginx(self.store) as nginx:
            path = f"srv*{self.cache}*{down};srv*{self.cache}*{nginx.url}"
            report, _ = why(self.dump, "--symbols", path, work=self.folder)
        self.assertEqual(names(report), NAMES)
        self.assert_warned(report, down, "does not answer")


@unittest.skipUnless(shutil.which("gcc") and shutil.which("strip"), "no compiler here")
@unittest.skipUnless(local_servers.DEBUGINFOD, "no debuginfod")
class DebuginfodServer(Servers):
    def setUp(self):
        super().setUp()
        build = self.folder / "build"
        build.mkdir()
        (build / "app.c").write_text("""
            #include <string.h>
            #include <unistd.h>
            __attribute__((noinline)) void wait_here(int n) { while (n) pause(); }
            int main(int argc, char** argv) { wait_here(argc); return 0; }
        """)
        subprocess.run(["gcc", "-g", "-O1", "-Wl,--build-id", "-o", "app", "app.c"], cwd=build, check=True)
        subprocess.run(["strip", "-o", "stripped", "app"], cwd=build, check=True)
        self.dump = self.folder / "dump/core"
        self.dump.parent.mkdir()
        program = self.folder / "app"  # gone before anybody looks for it
        shutil.copy(build / "stripped", program)
        child = subprocess.Popen([program])
        try:
            subprocess.run([INQUEST, "dump", str(child.pid), "-o", self.dump], check=True, capture_output=True)
        finally:
            child.kill()
            child.wait()
        program.unlink()
        self.files = self.folder / "files"
        self.files.mkdir()
        shutil.copy(build / "app", self.files)
        self.cache = self.folder / "debuginfod"

    def why(self, url, **variables):
        return why(self.dump, work=self.folder, DEBUGINFOD_URLS=url, DEBUGINFOD_TIMEOUT="3", **variables)

    def assert_without_symbols(self, report):
        self.assertNotIn("wait_here", names(report))
        self.assertEqual(report["verdict"]["cause"], "unknown", report["verdict"])
        self.assertTrue(names(report))
        self.assert_nothing_kept(self.cache)

    def test_found_kept_and_found_offline(self):
        with Debuginfod(self.files) as server:
            first, _ = self.why(server.url)
            asked = server.requests()
            self.assertIn("wait_here", names(first), warnings(first))
            self.assertIn("main", names(first))
            self.assertIn(200, [status for _, status in asked])
            second, _ = self.why(server.url)
            self.assertEqual(server.requests(), asked)
            self.assertIn("wait_here", names(second))
        offline, _ = self.why(server.url)
        self.assertIn("wait_here", names(offline))
        self.assertNotIn(server.url, warnings(offline))

    def test_has_no_such_file(self):
        (self.files / "app").unlink()
        with Debuginfod(self.files) as server:
            report, _ = self.why(server.url)
            asked = server.requests()
            self.assertEqual({status for _, status in asked}, {404})
            self.assert_without_symbols(report)
            self.assertIn("app", warnings(report))
            self.why(server.url)
            self.assertEqual(server.requests(), asked)

    def test_is_down(self):
        with nobody() as url:
            report, seconds = self.why(url)
        self.assert_without_symbols(report)
        self.assert_warned(report, url, "does not answer")
        self.assertLess(seconds, 20)

    def test_stalls(self):
        with Misbehaving(b"\x7fELF", "stall", 5000) as server:
            report, seconds = self.why(server.url)
        self.assert_without_symbols(report)
        self.assert_warned(report, server.url, "too slow")
        self.assertLess(seconds, 30)

    def test_gives_another_build(self):
        body = pathlib.Path(shutil.which("true")).read_bytes()
        with Misbehaving(body, "cut", len(body)) as server:
            report, _ = self.why(server.url)
        self.assert_without_symbols(report)
        self.assert_warned(report, server.url, "no executable of build id", "it has build id")

    def test_gives_a_page_instead(self):
        with Misbehaving(LOGIN, "cut", len(LOGIN)) as server:
            report, _ = self.why(server.url)
        self.assert_without_symbols(report)
        self.assert_warned(report, server.url, "no executable", "not that file")

    def test_breaks_off(self):
        with Misbehaving(b"\x7fELF" + bytes(1000), "cut", 100_000) as server:
            report, _ = self.why(server.url)
        self.assert_without_symbols(report)
        self.assert_warned(report, server.url, "no executable", "cut")


if __name__ == "__main__":
    done = unittest.main(exit=False).result
    if done.testsRun and len(done.skipped) == done.testsRun:
        sys.exit(77)
    sys.exit(not done.wasSuccessful())
