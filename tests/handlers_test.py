"""Programs that catch their deadly signals: the verdict is of what came first, not of the handler."""
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

INQUEST = os.environ["INQUEST"]

REPORTER = r"""
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int again;
static void end(int number) {
  signal(number, SIG_DFL);
  if (again) kill(getpid(), number);
  else abort();
  for (;;) pause();
}
static void report(int number, siginfo_t* info, void* context) { (void)info; (void)context; end(number); }
static void report_less(int number) { end(number); }

__attribute__((noinline)) void give_up(void) { abort(); }
__attribute__((noinline)) int look(volatile int* nothing) { return *nothing + 1; }

int main(int count, char** words) {
  struct sigaction action = {0};
  int less = !strcmp(words[1], "less");
  if (less) { action.sa_handler = report_less; action.sa_flags = SA_NODEFER; }
  else { action.sa_sigaction = report; action.sa_flags = SA_SIGINFO | SA_NODEFER; }
  again = !strcmp(words[1], "again");
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGABRT, &action, NULL);
  if (count > 2 && !strcmp(words[2], "abort")) give_up();
  if (count > 2 && !strcmp(words[2], "null")) return look(NULL);
  printf("%d\n", getpid());
  fflush(stdout);
  for (;;) pause();
}
"""


class Handlers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.holder.name)
        (cls.root / "reporter.c").write_text(REPORTER)
        subprocess.run(["gcc", "-g", "-O1", "-fno-optimize-sibling-calls", "reporter.c", "-o", "reporter"],
                       cwd=cls.root, check=True)

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    def verdict(self, *words, send=None):
        core = self.root / "core"
        core.unlink(missing_ok=True)
        process = subprocess.Popen([INQUEST, "run", "--core", core, "--no-verdict", "--", "./reporter", *words],
                                   cwd=self.root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if send:
            os.kill(int(process.stdout.readline()), send)
        process.communicate(timeout=20)
        told = subprocess.run([INQUEST, "why", core, "--format", "json"], capture_output=True, timeout=60, check=True)
        return json.loads(told.stdout)["verdict"]

    def test_who_was_killed_from_outside_did_nothing_wrong(self):
        for mode in ("once", "again"):
            for sent in (signal.SIGSEGV, signal.SIGABRT):
                with self.subTest(mode=mode, sent=sent.name):
                    verdict = self.verdict(mode, send=sent)
                    self.assertEqual(verdict["cause"], "killed", verdict["summary"])
                    self.assertIn(f"Process {os.getpid()} sent {sent.name}", verdict["summary"])
                    self.assertIn("`report`", verdict["summary"])

    def test_without_a_siginfo_nothing_is_made_up(self):
        verdict = self.verdict("less", send=signal.SIGSEGV)
        self.assertIn(verdict["cause"], ("abort", "killed"), verdict["summary"])

    def test_an_abort_lies_below_the_handler_that_raises_it_again(self):
        for mode in ("once", "again"):
            with self.subTest(mode=mode):
                verdict = self.verdict(mode, "abort")
                self.assertEqual(verdict["cause"], "abort", verdict["summary"])
                self.assertIn("`give_up`", verdict["summary"])

    def test_a_fault_lies_below_the_handler(self):
        for mode in ("once", "again"):
            with self.subTest(mode=mode):
                verdict = self.verdict(mode, "null")
                self.assertEqual(verdict["cause"], "null-dereference", verdict["summary"])


if __name__ == "__main__":
    unittest.main()
