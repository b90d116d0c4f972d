"""Every verb takes the id of a live process too; the process goes on."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

from patient import build, inquest


STUCK = r"""
#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>
std::mutex accounts, rooms;
void take(std::mutex& first, std::mutex& second) {
  std::lock_guard one(first);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  std::lock_guard two(second);
}
int main() {
  std::thread a([] { take(accounts, rooms); }), b([] { take(rooms, accounts); });
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  std::puts("stuck");
  std::fflush(stdout);
  a.join();
  b.join();
}
"""


# Blocks kept and lost, by threads that wait; one more thread takes and gives all the time when asked to.
BUSY = r"""
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <unistd.h>
#include <vector>
void* kept[1000];
__attribute__((noinline)) void lose() { for (int i = 0; i < 20; ++i) *static_cast<volatile char*>(std::malloc(300)) = 1; }
__attribute__((noinline)) void clear() { volatile char stack[8192]; for (auto& c : stack) c = 0; }
int main(int argc, char**) {
  for (auto& block : kept) block = std::malloc(100);
  lose();
  clear();
  // Blocks of a thread's own cache and arena, kept by its own stack only.
  std::thread waits([] { std::vector<void*> own; for (int i = 0; i < 50; ++i) own.push_back(std::malloc(72));
                         for (int i = 0; i < 5; ++i) std::free(std::malloc(24 + 16 * i)); ::pause(); });
  std::thread works([argc] { while (argc > 1) { std::vector<void*> all; for (int i = 0; i < 300; ++i) all.push_back(std::malloc(i * 7));
                             for (void* block : all) std::free(block); } });
  ::usleep(300000);
  std::puts("ready");
  std::fflush(stdout);
  ::pause();
}
"""


class Live(unittest.TestCase):
    def test_a_process_that_hangs(self):
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, "stuck")
            build(program, STUCK, "g++", "-g", "-pthread")
            child = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
            try:
                self.assertEqual(child.stdout.readline(), "stuck\n")
                why = inquest("why", str(child.pid), "--format", "json")
                if "ptrace" in why.stderr and why.returncode == 1:
                    print("no right to look at another process here")
                    sys.exit(77)
                self.assertEqual(why.returncode, 0, why.stderr)
                answer = json.loads(why.stdout)
                self.assertEqual(answer["dump"]["format"], "live")
                self.assertEqual(answer["dump"]["pid"], child.pid)
                self.assertEqual(answer["verdict"]["cause"], "deadlock")
                self.assertIn("goes on", why.stderr)
                memory = inquest("memory", str(child.pid), "--format", "json")
                self.assertEqual(memory.returncode, 0, memory.stderr)
                stacks = [a for a in json.loads(memory.stdout)["areas"] if a["use"] == "stack"]
                self.assertEqual(len({a["thread"] for a in stacks}), 3)
                time.sleep(0.1)
                self.assertIsNone(child.poll())
                state = pathlib.Path(f"/proc/{child.pid}/status").read_text()
                self.assertIn("State:\tS", state)
            finally:
                child.kill()
                child.communicate()

    def start_busy(self, folder, *arguments):
        program = os.path.join(folder, "busy")
        build(program, BUSY, "g++", "-O1", "-pthread")
        child = subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, text=True)
        self.assertEqual(child.stdout.readline(), "ready\n")
        return child

    def test_in_place_says_the_same_of_what_does_not_move(self):
        with tempfile.TemporaryDirectory() as folder:
            child = self.start_busy(folder)
            try:
                for verb in ("heap", "leaks", "memory"):
                    stopped = inquest(verb, str(child.pid), "--format", "json")
                    in_place = inquest(verb, str(child.pid), "--in-place", "--format", "json")
                    self.assertEqual(in_place.returncode, 0, in_place.stderr)
                    self.assertIn("was read for", in_place.stderr)
                    self.assertNotIn("stood still", in_place.stderr)
                    ours, theirs = json.loads(in_place.stdout), json.loads(stopped.stdout)
                    self.assertGreater(ours["read_in_place_ms"], 0)
                    self.assertNotIn("read_in_place_ms", theirs)
                    for part in {"heap": ("usage", "arenas", "faults"), "leaks": ("totals",), "memory": ("by_use",)}[verb]:
                        self.assertEqual(ours[part], theirs[part], verb)
                    if verb == "leaks":
                        self.assertEqual(ours["totals"]["definite"]["blocks"], 20)
                text = inquest("heap", str(child.pid), "--in-place").stdout
                self.assertIn("Read while it ran: for ", text)
                self.assertIn("TracerPid:\t0", pathlib.Path(f"/proc/{child.pid}/status").read_text())
            finally:
                child.kill()
                child.communicate()

    def test_in_place_bears_what_moves(self):
        with tempfile.TemporaryDirectory() as folder:
            child = self.start_busy(folder, "work")
            try:
                for verb in ("heap", "leaks", "memory") * 2:
                    answer = inquest(verb, str(child.pid), "--in-place", "--format", "json")
                    self.assertEqual(answer.returncode, 0, answer.stderr)
                    if verb == "heap":
                        self.assertGreaterEqual(json.loads(answer.stdout)["usage"]["used"]["count"], 1050)
                self.assertNotIn("is damaged", inquest("heap", str(child.pid), "--in-place").stdout)
                self.assertIsNone(child.poll())
            finally:
                child.kill()
                child.communicate()

    def test_in_place_is_for_processes(self):
        answer = inquest("heap", __file__, "--in-place")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("is no live process", answer.stderr)

    def test_what_is_neither(self):
        answer = inquest("why", "999999999")
        self.assertEqual(answer.returncode, 1)
        self.assertEqual(answer.stderr, "inquest: 999999999 is neither a file nor a live process\n")

    def test_a_file_named_by_digits_is_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "1")
            path.write_bytes(b"no dump")
            answer = inquest("show", "1", cwd=folder)
            self.assertEqual(answer.returncode, 1)
            self.assertNotIn("process", answer.stderr)


if __name__ == "__main__":
    unittest.main()
