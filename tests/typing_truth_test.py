"""The types of every block of a small heap, against the truth that the program itself wrote down."""
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    with tempfile.TemporaryDirectory() as folder:
        bench = [sys.executable, str(ROOT / "bench/objects.py"), "--count", "20000", "--no-cost", "--folder", folder]
        done = subprocess.run(bench, capture_output=True, text=True, timeout=600, env=os.environ)
    print(done.stdout, done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
