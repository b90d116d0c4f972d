"""A process that hangs: what its threads were about, alive, dumped, and killed by a watchdog's signal."""
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest

INQUEST = os.environ["INQUEST"]
SOURCE = r"""
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <poll.h>
#include <semaphore.h>
#include <sys/prctl.h>
#include <thread>
#include <unistd.h>
#include <vector>

struct Node {
  Node* next;
  long value;
};
std::mutex g_lock;
std::condition_variable g_ready;
sem_t g_slots;
volatile long g_sum;

[[gnu::noinline]] long walk(Node* node) {
  long sum = 0;
  for (; node; node = node->next) g_sum = sum += node->value;
  return sum;
}
template <class F>
std::thread named(const char* name, F work) {
  return std::thread([=] {
    prctl(PR_SET_NAME, name);
    work();
  });
}
int main() {
  std::printf("%d\n", getpid());
  std::fflush(stdout);
  sem_init(&g_slots, 0, 0);
  int ends[2];
  if (pipe(ends) != 0) return 1;
  std::vector<std::thread> all;
  all.push_back(named("condition", [] {
    std::unique_lock lock(g_lock);
    g_ready.wait(lock, [] { return false; });
  }));
  all.push_back(named("semaphore", [] { sem_wait(&g_slots); }));
  all.push_back(named("events", [=] {
    pollfd one{ends[0], POLLIN, 0};
    poll(&one, 1, -1);
  }));
  all.push_back(named("data", [=] {
    char byte;
    if (read(ends[0], &byte, 1) == 1) return;
  }));
  all.push_back(named("sleep", [] { sleep(1000); }));
  all.push_back(named("running", [] {
    auto* last = new Node{nullptr, 1};
    last->next = new Node{last, 2};
    walk(last);
  }));
  all[0].join();
}
"""
KINDS = {"condition": "condition", "semaphore": "semaphore", "events": "events", "data": "data", "sleep": "sleep",
         "running": "running", "hang": "thread-end"}


def ask(*arguments):
    done = subprocess.run([INQUEST, *arguments], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout


class Hang(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.program = os.path.join(cls.folder.name, "hang")
        pathlib.Path(cls.program + ".cc").write_text(SOURCE)
        subprocess.run(["g++", "-g", "-O1", "-std=c++20", "-pthread", cls.program + ".cc", "-o", cls.program], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def spent(self, pid):
        """Until the running thread, which is started last, has used half a second."""
        ticks = os.sysconf("SC_CLK_TCK")
        while True:
            stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            if (int(stat[11]) + int(stat[12])) / ticks >= 0.5:
                return
            time.sleep(0.05)

    def judge(self, report, with_times=True):
        threads = {thread["name"]: thread for thread in report["threads"]}
        self.assertEqual({name: one["activity"]["kind"] for name, one in threads.items() if "activity" in one}, KINDS)
        if with_times:
            self.assertGreaterEqual(threads["running"]["cpu_seconds"], 0.4)
            self.assertLess(threads["sleep"]["cpu_seconds"], 0.1)
            self.assertLess(threads["hang"]["cpu_seconds"], 0.2)
        told = [one["what"] for one in report["verdict"]["evidence"]]
        summary = next(text for text in told if text.startswith("7 threads: "))
        self.assertTrue(summary.startswith("7 threads: 1 runs, 1 waits for a condition, 1 waits for a semaphore"), summary)
        (runs,) = [text for text in told if re.match(r'thread \d+ "running" runs in walk', text)]
        if with_times:
            self.assertRegex(runs, r"of processor time of these threads \((9\d|100) %\)")

    def test_alive_and_dumped(self):
        process = subprocess.Popen([self.program], stdout=subprocess.DEVNULL)
        try:
            self.spent(process.pid)
            report = json.loads(ask("why", str(process.pid), "--format", "json"))
            self.assertEqual(report["verdict"]["cause"], "unknown")
            self.judge(report)
            text = ask("why", str(process.pid))
            self.assertRegex(text, r'thread \d+ "running", runs, \d+\.\d s of processor time')
            self.assertRegex(text, r'thread \d+ "events", waits for events')
            core = self.program + ".dumped"
            ask("dump", str(process.pid), "-o", core)
            self.judge(json.loads(ask("why", core, "--format", "json")))
        finally:
            process.kill()
            process.wait()

    def test_killed_by_a_watchdog(self):
        core = self.program + ".killed"
        ran = subprocess.Popen([INQUEST, "run", "--core", core, "--no-verdict", "--", self.program],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        child = int(ran.stdout.readline())
        self.spent(child)
        os.kill(child, signal.SIGABRT)
        ran.communicate(timeout=60)
        report = json.loads(ask("why", core, "--format", "json"))
        self.assertEqual(report["verdict"]["cause"], "killed")
        self.assertIn("no fault of its own is recorded", report["verdict"]["summary"])
        # Any thread may take the signal: that one is the dead.
        alive = {thread["name"]: thread["activity"]["kind"] for thread in report["threads"] if not thread["crashed"]}
        self.assertEqual(len(alive), 6)
        self.assertEqual(alive, {name: KINDS[name] for name in alive})
        told = " ".join(one["what"] for one in report["verdict"]["evidence"])
        self.assertRegex(told, r"7 threads: (1 runs, )?1 waits for a")


if __name__ == "__main__":
    unittest.main()
