"""What `why`, `stack`, `show` and `leaks` print for real deaths follows the schemas, by a validator not ours."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed")
    sys.exit(77)

INQUEST = os.environ["INQUEST"]
SCHEMA = pathlib.Path(__file__).resolve().parent.parent / "schema"
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
                pathlib.Path(program + ".cc").write_text(source)
                subprocess.run(["g++", "-g", "-w", program + ".cc", "-o", program], check=True)
                subprocess.run([INQUEST, "run", "--core", program + ".core", "--no-verdict", "--", program],
                               capture_output=True)
                for verb in ("why", "stack", "show", "memory", "heap", "leaks", "inspect"):
                    with self.subTest(f"{verb} {name}"):
                        self.check(verb, program + ".core")

    def test_minidumps_follow_it_too(self):
        dumps = sorted((SCHEMA.parent / "fuzz/corpus/minidump").iterdir())
        self.assertTrue(dumps)
        for dump in dumps:
            for verb in ("why", "stack", "show", "memory", "heap", "leaks", "inspect"):
                with self.subTest(f"{verb} {dump.name}"):
                    self.check(verb, str(dump))

    def check(self, verb, dump):
        answer = subprocess.run([INQUEST, verb, dump, *(["0x1000"] if verb == "inspect" else []), "--format", "json"], capture_output=True, timeout=120)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        schema = json.loads((SCHEMA / f"{verb}.schema.json").read_text())
        jsonschema.validate(json.loads(answer.stdout.decode("utf-8")), schema)


if __name__ == "__main__":
    unittest.main()
