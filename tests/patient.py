"""For tests: a program is built, dies under `inquest run`, and the verbs are asked about what it left.

Who imports this skips (status 77) where python3-jsonschema is not installed.
"""
import csv
import functools
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed")
    sys.exit(77)

INQUEST = os.environ["INQUEST"]
ROOT = pathlib.Path(__file__).resolve().parent.parent


def folder_of(test_class):
    """A temporary folder (its path is .name) that goes when the tests of the class are done."""
    folder = tempfile.TemporaryDirectory()
    test_class.addClassCleanup(folder.cleanup)
    return folder


def build(program, source, *command):
    """Compiles the text `source`, kept beside the program, by a command such as "g++", "-O1"."""
    path = pathlib.Path(str(program) + ".cc")
    path.write_text(source)
    subprocess.run([*command, str(path), "-o", str(program)], check=True)


def die(core, program, *arguments, environment=None):
    """Runs the program to its death and leaves its core; what it said on standard output (names of programs may be any
    bytes, and stand in what is said of them)."""
    command = [INQUEST, "run", "--core", str(core), "--no-verdict", "--", str(program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=300,
                          env={**os.environ, **(environment or {})}).stdout


def inquest(*arguments, environment=None, **more):
    """Runs the program; what it said, which must be UTF-8, and its status. `environment` is added to that of the test."""
    return subprocess.run([INQUEST, *map(str, arguments)], capture_output=True, text=True, timeout=300,
                          env={**os.environ, **(environment or {})}, **more)


@functools.cache
def schema(name):
    return json.loads((ROOT / f"schema/{name}.schema.json").read_text())


def check(value, name):
    """That a JSON value is as the schema of that name says."""
    jsonschema.validate(value, schema(name))


def answer(verb, *arguments, by=None, **more):
    """What a verb says as JSON, which is as its schema says (`by`: as another one of that name says)."""
    ran = inquest(verb, *arguments, "--format", "json", **more)
    assert ran.returncode == 0, ran.stderr
    value = json.loads(ran.stdout)
    check(value, by or verb)
    return value


def rows(verb, *arguments, **more):
    """What a verb says as CSV: a dictionary a row."""
    ran = inquest(verb, *arguments, "--format", "csv", **more)
    assert ran.returncode == 0, ran.stderr
    return list(csv.DictReader(io.StringIO(ran.stdout)))
