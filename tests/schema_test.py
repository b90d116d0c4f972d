"""What `why`, `stack`, `show` and `leaks` print for real deaths follows the schemas, by a validator not ours."""
import os
import tempfile
import unittest

from patient import ROOT, build, die, answer

PATIENTS = {
    "null": "struct G { int a[11]; int rank; };\nint main(int n, char**) { G g{}; G* p = n > 5 ? &g : nullptr; return p->rank; }",
    "throw": "#include <stdexcept>\nint main() { throw std::runtime_error(\"bad \\xff \\\"name\\\" </script>\"); }",
    "recursion": "int f(int n) { volatile char room[200]; room[0] = n; return f(n + 1) + room[0]; }\nint main() { return f(0); }",
}


class Schema(unittest.TestCase):
    def test_answers_follow_their_schema(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, source in PATIENTS.items():
                program = os.path.join(folder, name)
                build(program, source, "g++", "-g", "-w")
                die(program + ".core", program)
                for verb in ("why", "stack", "show", "memory", "heap", "leaks", "inspect"):
                    with self.subTest(f"{verb} {name}"):
                        self.check(verb, program + ".core")

    def test_minidumps_follow_it_too(self):
        dumps = sorted((ROOT / "fuzz/corpus/minidump").iterdir())
        self.assertTrue(dumps)
        for dump in dumps:
            for verb in ("why", "stack", "show", "memory", "heap", "leaks", "inspect"):
                with self.subTest(f"{verb} {dump.name}"):
                    self.check(verb, str(dump))

    def check(self, verb, dump):
        answer(verb, dump, *(["0x1000"] if verb == "inspect" else []))


if __name__ == "__main__":
    unittest.main()
