#!/usr/bin/python3
"""A Windows program that knows what each of its blocks is, run under Wine, dumped with all memory;
what `inquest` says of them must be true: with a PDB, with the type information in the image only,
and with neither.

    run_windows_objects.py --inquest build/release/bin/inquest --work FOLDER
"""
import argparse
import csv
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "windows"))
import run_windows_cases as windows  # noqa: E402

SOURCES = (HERE.parent / "windows/runtime/runtime.cc", HERE / "truth.cc", HERE / "patient.cc")
# How it is compiled and linked.
BUILDS = {
    "pdb": (["-g", "-gcodeview", "-O1"], ["/debug", "/pdbaltpath:patient.pdb"]),
    "pdb-no-rtti": (["-g", "-gcodeview", "-O0", "-fno-rtti"], ["/debug", "/pdbaltpath:patient.pdb"]),
    "rtti": (["-O1"], []),
    "stripped": (["-O1", "-fno-rtti"], []),
}
SHAPES = {"tree": "tree node", "list": "list node"}


def build(folder, compile_options, link_options):
    folder.mkdir(parents=True, exist_ok=True)
    objects = []
    for source in SOURCES:
        target = folder / (source.stem + ".obj")
        windows.call(windows.CLANG, "--target=x86_64-pc-windows-msvc", "-std=c++20", "-ffreestanding", "-Wall",
                     "-Werror", "-fno-exceptions", "-DRELEASE_HEAP", *compile_options, "-c", source, "-o", target)
        objects.append(target)
    program = folder / "patient.exe"
    windows.call(windows.LINK, *link_options, "/entry:start", "/subsystem:console", "/nodefaultlib", *objects,
                 f"/out:{program}", *windows.IMPORTS)
    return program


def dump(program, prefix):
    target = program.parent / "full.dmp"
    windows.die(program, target, "full", prefix)
    return target


# ---- The truth -----------------------------------------------------------------------------------


def plain(name):
    """One spelling."""
    name = re.sub(r"\b(class|struct) ", "", name)
    return re.sub(r"\s+", "", name).replace("void*", "void *")


def qualified(name):
    if name == "Hidden":
        return "`anonymous namespace'::Hidden"
    name = re.sub(r"(?<![\w:])(Item|Stats|Cell|Room|Grid|Journal|Guild|Empire|Box|Player|Mixed|Crate|Ghost|Banshee|"
                  r"Moving|Widget)\b", r"game::\1", name)
    return plain(name)


def read_truth(path):
    """Address -> (kind, elements, type); blocks that were freed again are gone."""
    truth = {}
    for line in path.read_text().splitlines():
        address, kind, elements, name = line.split(" ", 3)
        truth[int(address, 16)] = (kind, int(elements), plain(qualified(name)))
    return {address: row for address, row in truth.items() if row[0] != "freed"}


# ---- What is said --------------------------------------------------------------------------------


def ask(inquest, *arguments):
    done = subprocess.run([inquest, *map(str, arguments)], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise windows.Failure(f"{arguments[0]} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout


def typed(inquest, full):
    query = "SELECT address, type, how, percent, elements FROM objects"
    rows = csv.DictReader(io.StringIO(ask(inquest, "sql", full, query, "--format", "csv")))
    return {int(row["address"], 0): row for row in rows}


def is_right(row, truth, has_sizes=True):
    kind, elements, name = truth
    if row is None:
        return False
    # Elements are counted where something says how large one is.
    return plain(row["type"]) == name and (kind == "text" or not has_sizes or int(row["elements"]) == elements)


def is_true(row, truth, has_sizes):
    """Right, or less than the whole truth."""
    kind, elements, name = truth
    if is_right(row, truth, has_sizes) or row["type"] == SHAPES.get(kind):
        return True
    if row["type"] == "element buffer":
        return elements > 1
    # An iterator of a list is a pointer.
    return row["type"] == "table of pointers" and (name.endswith("*") or "_unchecked_iterator" in name)


def judge(what, found, truth, wanted_of):
    """wanted_of: kind -> what part of them must be right."""
    has_sizes = what.startswith("pdb")
    wrong = [(hex(a), row["type"], row["how"], row["percent"], row["elements"], truth[a]) for a, row in found.items()
             if a in truth and not is_true(row, truth[a], has_sizes)]
    if wrong:
        raise windows.Failure(f"{what}: {len(wrong)} of {len(truth)} blocks are called what they are not: {wrong[:6]}")
    counts = {}
    for address, row in truth.items():
        right, total, missing = counts.setdefault(row[0], [0, 0, {}])
        is_one = is_right(found.get(address), row, has_sizes)
        counts[row[0]][0] += is_one
        counts[row[0]][1] += 1
        if not is_one:
            missing[row[2]] = missing.get(row[2], 0) + 1
    print(what, {kind: f"{right} of {total}" for kind, (right, total, _) in counts.items()})
    for kind, least in wanted_of.items():
        right, total, missing = counts[kind]
        if right < least * total:
            raise windows.Failure(f"{what}: {right} of {total} {kind} blocks are right; not: {missing}")


EVERY = {"object": 1, "plain": .98, "tree": .98, "list": .98, "text": .98}
# A virtual table of an anonymous namespace has no public symbol: without type information nothing names it.
WANTED = {"pdb": EVERY, "pdb-no-rtti": {**EVERY, "object": .9}, "rtti": {"object": 1}, "stripped": {}}


def judge_inspect(what, inquest, full, truth):
    """One of each class, by the verb that shows it; and by an address in its middle."""
    seen = set()
    for address, (kind, elements, name) in truth.items():
        if kind != "object" or name in seen or elements != 1:
            continue
        seen.add(name)
        report = json.loads(ask(inquest, "inspect", full, hex(address), "--format", "json"))
        said = (report.get("type") or {})
        full_name = said.get("full") or said.get("name", "")
        # What begins with the pointer to a vbtable, and what only symbols tell, is not named by itself.
        if not said and (what == "pdb-no-rtti" or name in ("game::Ghost", "game::Banshee")):
            continue
        is_named = plain(full_name) == name or "_Ref_count_obj2" in name and full_name.startswith("std::make_shared<")
        if not is_named or int(said["address"], 0) != address:
            raise windows.Failure(f"inspect calls {hex(address)} {said}, not {name}")
        if what.startswith("pdb") and not report.get("object"):
            raise windows.Failure(f"inspect shows no members of {hex(address)}, {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inquest", required=True, type=pathlib.Path)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--keep", action="store_true", help="keep the dumps of builds that are right")
    parser.add_argument("builds", nargs="*", help=f"of {', '.join(BUILDS)}")
    options = parser.parse_args()
    if not (windows.CLANG and windows.LINK and windows.WINE) or not all(p.exists() for p in windows.IMPORTS):
        print("skipped: clang-19, lld-19, wine64 and mingw-w64's import libraries are needed")
        return 77
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    prefix = work / "wine"
    quiet = dict(os.environ, WINEPREFIX=str(prefix), WINEDEBUG="-all", DISPLAY="")
    inquest = str(options.inquest.resolve())
    failed = False
    try:
        subprocess.run([windows.WINE, "wineboot", "-i"], env=quiet, capture_output=True, timeout=300)
        for name in options.builds or BUILDS:
            folder = work / name
            try:
                shutil.rmtree(folder, ignore_errors=True)
                full = dump(build(folder, *BUILDS[name]), prefix)
                truth = read_truth(folder / "truth.txt")
                judge(name, typed(inquest, full), truth, WANTED[name])
                if name != "stripped":
                    judge_inspect(name, inquest, full, truth)
                if not options.keep:
                    shutil.rmtree(folder)
            except windows.Failure as failure:
                print(f"FAILED: {failure}")
                failed = True
    except subprocess.TimeoutExpired as late:
        print(f"skipped: Wine does not run here ({late})")
        return 77
    finally:
        subprocess.run([windows.WINE, "wineboot", "-k"], env=quiet, capture_output=True, timeout=180)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
