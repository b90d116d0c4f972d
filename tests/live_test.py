"""Every verb takes the id of a live process too; the process goes on."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

INQUEST = os.environ["INQUEST"]

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


def inquest(*arguments):
    return subprocess.run([INQUEST, *arguments], capture_output=True, text=True, timeout=300)


class Live(unittest.TestCase):
    def test_a_process_that_hangs(self):
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, "stuck")
            pathlib.Path(program + ".cc").write_text(STUCK)
            subprocess.run(["g++", "-g", program + ".cc", "-o", program, "-pthread"], check=True)
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

    def test_what_is_neither(self):
        answer = inquest("why", "999999999")
        self.assertEqual(answer.returncode, 1)
        self.assertEqual(answer.stderr, "inquest: 999999999 is neither a file nor a live process\n")

    def test_a_file_named_by_digits_is_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "1")
            path.write_bytes(b"no dump")
            answer = subprocess.run([INQUEST, "show", "1"], cwd=folder, capture_output=True, text=True)
            self.assertEqual(answer.returncode, 1)
            self.assertNotIn("process", answer.stderr)


if __name__ == "__main__":
    unittest.main()
