"""`inquest symbols`: a store is kept and checked, and the files of a dump are found, over HTTP too."""
import functools
import http.server
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

INQUEST = os.environ["INQUEST"]


def inquest(*arguments, status=0, **keywords):
    environment = {**os.environ, "no_proxy": "127.0.0.1", "DEBUGINFOD_URLS": ""}
    answer = subprocess.run([INQUEST, *arguments], capture_output=True, text=True, timeout=120,
                            env=environment, **keywords)
    if answer.returncode != status:
        raise AssertionError(f"{arguments} returned {answer.returncode}:\n{answer.stdout}\n{answer.stderr}")
    return answer.stdout


def as_json(*arguments, **keywords):
    return json.loads(inquest(*arguments, "--format", "json", **keywords))


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@unittest.skipUnless(shutil.which("gcc") and shutil.which("objcopy"), "no compiler here")
class Symbols(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = cls.folder.name
        build = cls.path("build")
        os.mkdir(build)
        with open(cls.path("app.c"), "w") as file:
            file.write("#include <unistd.h>\nint main(void) { pause(); return 0; }\n")
        run = functools.partial(subprocess.run, check=True, cwd=build)
        run(["gcc", "-g", "-Wl,--build-id", "-o", "app", "../app.c"])
        run(["objcopy", "--only-keep-debug", "app", "app.debug"])
        run(["strip", "app"])
        child = subprocess.Popen([cls.path("build/app")])
        try:
            inquest("dump", str(child.pid), "-o", cls.path("core"))
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.root, name)

    def module(self, *arguments):
        found = as_json("symbols", "find", self.path("core"), *arguments)
        self.assertEqual(found["schema"], "inquest.symbols-find/1")
        return next(m for m in found["modules"] if m["name"] == "app")

    def test_a_store_is_kept_and_checked(self):
        store = self.path("store")
        added = as_json("symbols", "add", "--store", store, self.path("build"))
        self.assertEqual(len(added["added"]), 2, added)
        self.assertEqual(as_json("symbols", "add", "--store", store, self.path("build"))["added"], [])
        self.assertEqual(len(as_json("symbols", "list", "--store", store)["files"]), 2)
        self.assertEqual(as_json("symbols", "check", "--store", store)["bad"], [])
        self.assertEqual(self.module("--symbols", store)["symbols"], "full")
        place = os.path.join(store, added["added"][0]["place"])
        os.chmod(place, 0o644)
        shutil.copy(self.path("app.c"), place)
        self.assertEqual(len(as_json("symbols", "check", "--store", store, status=1)["bad"]), 1)

    def test_says_what_is_missing(self):
        module = self.module()
        self.assertIn("build id", [need["what"] for need in module["needs"]])
        self.assertTrue(module["looked"])
        text = inquest("symbols", "find", self.path("core"))
        self.assertIn("needs build id", text)

    def test_a_server_is_asked_once(self):
        build_id = next(n["id"] for n in self.module()["needs"] if n["what"] == "build id")
        raw = bytes.fromhex(build_id)[:16]
        guid = raw[3::-1] + raw[5:3:-1] + raw[7:5:-1] + raw[8:]
        breakpad = guid.hex().upper() + "0"
        folder = self.path(f"www/app/{breakpad}")
        os.makedirs(folder)
        with open(os.path.join(folder, "app.sym"), "w") as file:
            file.write(f"MODULE Linux x86_64 {breakpad} app\nFILE 0 app.c\nFUNC 1000 10 0 main\n")
        handler = functools.partial(Quiet, directory=self.path("www"))
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_port}"
            path = f"srv*{self.path('cache')}*{url}"
            first = self.module("--symbols", path)
            server.shutdown()
        self.assertIn("Breakpad symbols", [f["what"] for f in first["found"]], first)
        second = self.module("--symbols", path)
        self.assertIn("Breakpad symbols", [f["what"] for f in second["found"]], second)
        # The server is gone; the other modules' warnings say so, once.
        down = self.module("--symbols", f"srv*{self.path('other')}*{url}")
        self.assertNotIn("Breakpad symbols", [f["what"] for f in down["found"]])


if __name__ == "__main__":
    unittest.main()
