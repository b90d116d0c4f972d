"""The command line as a new user meets it: help, wrong usage, unusable input, one line each."""
import os
import subprocess
import tempfile
import unittest

INQUEST = os.environ["INQUEST"]
SEEDS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fuzz/corpus/minidump")


def inquest(*arguments, **keywords):
    return subprocess.run([INQUEST, *arguments], capture_output=True, text=True, timeout=60,
                          **keywords)


class CommandLine(unittest.TestCase):
    def test_help_has_examples(self):
        for verb in ("why", "stack", "show", "memory", "heap", "leaks", "objects", "inspect", "refs", "diff", "sql", "run", "dump", "catch", "cut"):
            answer = inquest(verb, "--help")
            self.assertEqual(answer.returncode, 0, answer.stderr)
            self.assertIn("Example", answer.stdout, verb)

    def test_wrong_usage_is_2(self):
        for arguments in ([], ["frobnicate"], ["why"], ["why", "x", "--format", "yaml"], ["dump"]):
            self.assertEqual(inquest(*arguments).returncode, 2, arguments)

    def test_unusable_input_is_one_line_and_1(self):
        with tempfile.TemporaryDirectory() as folder:
            inputs = {"empty": b"", "text": b"hello, world\n" * 100, "zeros": bytes(4096),
                      "elf": b"\x7fELF" + bytes(60), "mdmp": b"MDMP\x93\xa7" + bytes(100)}
            paths = [os.path.join(folder, "missing"), folder, INQUEST]
            for name, data in inputs.items():
                paths.append(os.path.join(folder, name))
                with open(paths[-1], "wb") as file:
                    file.write(data)
            for path in paths:
                answer = inquest("why", path)
                self.assertEqual(answer.returncode, 1, path)
                self.assertEqual(answer.stdout, "", path)
                lines = answer.stderr.strip().splitlines()
                self.assertEqual(len(lines), 1, answer.stderr)
                self.assertIn(path, lines[0])

    def test_show_tells_what_a_dump_holds(self):
        answer = inquest("show", os.path.join(SEEDS, "windows-x64"))
        self.assertEqual(answer.returncode, 0, answer.stderr)
        for text in ("0xc0000005 access violation writing 0x24", "10.0.19045, Service Pack 1", "worker",
                     "333231303534373638396162636465661", "gone.dll", "Mutant", "crashpad.prod: lobby"):
            self.assertIn(text, answer.stdout)
        answer = inquest("show", os.path.join(SEEDS, "linux-x64"), "--symbols", "/nowhere", "--image", "/nowhere")
        self.assertIn("SIGSEGV, code 1 at address 0x24, thread 7, at lobby+0x1000", answer.stdout)
        self.assertIn("Debian 12", answer.stdout)

    def test_completion_and_manual(self):
        bash = inquest("completion", "bash").stdout
        checked = subprocess.run(["bash", "-n"], input=bash, text=True, capture_output=True)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        for verb in ("why", "stack", "show", "memory", "heap", "leaks", "objects", "inspect", "refs", "diff", "sql", "run", "dump"):
            self.assertIn(verb, bash)
            self.assertIn(verb, inquest("completion", "man").stdout)


if __name__ == "__main__":
    unittest.main()
