#!/usr/bin/python3
"""A Windows program that knows what it holds, run under Wine, dumped with all memory; every block
that it holds must be found, exactly, and what it lost must be lost.

    run_windows_heap.py --inquest build/release/bin/inquest --work FOLDER
"""
import argparse
import csv
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "windows"))
import run_windows_cases as windows  # noqa: E402

HEADER = 0x30  # of a debug block


def build(folder):
    folder.mkdir(parents=True, exist_ok=True)
    objects = []
    for source in (HERE.parent / "windows/runtime/runtime.cc", HERE / "patient.cc"):
        target = folder / (source.stem + ".obj")
        windows.call(windows.CLANG, "--target=x86_64-pc-windows-msvc", "-std=c++20", "-ffreestanding", "-g", "-gcodeview",
                     "-O1", "-Wall", "-Werror", "-fno-exceptions", "-c", source, "-o", target)
        objects.append(target)
    program = folder / "patient.exe"
    windows.call(windows.LINK, "/debug", "/pdbaltpath:patient.pdb", "/entry:start", "/subsystem:console", "/nodefaultlib",
                 *objects, f"/out:{program}", *windows.IMPORTS)
    return program


def dump(program, prefix):
    target = program.parent / "full.dmp"
    environment = dict(os.environ, WINEPREFIX=str(prefix), WINEDEBUG="-all", DISPLAY="")
    subprocess.run([windows.WINE, f"./{program.name}", target.name, "full"], cwd=program.parent, env=environment,
                   capture_output=True, timeout=600)
    if not target.exists():
        raise windows.Failure("no dump")
    return target


def read_truth(path):
    """Address -> (size, line of a debug block or 0)."""
    rows = (line.split() for line in path.read_text().splitlines())
    return {int(address, 16): (int(size), int(line)) for address, size, line in rows}


def ask(inquest, *arguments):
    done = subprocess.run([inquest, *map(str, arguments)], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise windows.Failure(f"{arguments[0]} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout


def judge_blocks(inquest, full, truth):
    used = {}
    for row in csv.DictReader(io.StringIO(ask(inquest, "heap", full, "--list", "--format", "csv"))):
        if row["state"] == "used":
            used[int(row["address"], 16)] = int(row["size"])
    wrong = [(hex(a), size, used.get(a)) for a, (size, _) in truth.items() if used.get(a) != size]
    if wrong:
        raise windows.Failure(f"{len(wrong)} of {len(truth)} blocks are wrong (address, size, found): {wrong[:4]}")


def judge_heap(inquest, full):
    report = json.loads(ask(inquest, "heap", full, "--format", "json"))
    names = [a["name"] for a in report["allocators"]]
    if names != ["Wine heap"] or "MSVC debug heap" not in report["allocators"][0]["layout"]:
        raise windows.Failure(f"allocators are {report['allocators']}")
    faults = [f["what"] for f in report["faults"]]
    if len(faults) != 1 or "guard bytes behind" not in faults[0] or "src\\patient.cpp:1101)" not in faults[0]:
        raise windows.Failure(f"the overrun of block 1101 is not the one fault: {faults[:3]}")


def judge_leaks(inquest, full, truth, kept):
    lost = {int(row["address"], 16) for row in
            csv.DictReader(io.StringIO(ask(inquest, "leaks", full, "--format", "csv")))}
    false = kept & lost
    if false:
        raise windows.Failure(f"{len(false)} blocks that a global holds are called lost")
    missed = truth.keys() - kept - lost
    # Words that are left over in stacks and in memory of Wine's own hold some: 1.6 % when this was written.
    if len(missed) > len(truth) * 3 // 100:
        raise windows.Failure(f"{len(missed)} of {len(truth)} lost blocks are not found")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inquest", required=True, type=pathlib.Path)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    options = parser.parse_args()
    if not (windows.CLANG and windows.LINK and windows.WINE) or not all(p.exists() for p in windows.IMPORTS):
        print("skipped: clang-19, lld-19, wine64 and mingw-w64's import libraries are needed")
        return 77
    work = options.work.resolve()
    shutil.rmtree(work / "patient", ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    prefix = work / "wine"
    quiet = dict(os.environ, WINEPREFIX=str(prefix), WINEDEBUG="-all", DISPLAY="")
    inquest = str(options.inquest.resolve())
    try:
        subprocess.run([windows.WINE, "wineboot", "-i"], env=quiet, capture_output=True, timeout=300)
        full = dump(build(work / "patient"), prefix)
        truth = read_truth(work / "patient/truth.txt")
        kept = {int(line, 16) for line in (work / "patient/kept.txt").read_text().split()}
        judge_blocks(inquest, full, truth)
        judge_heap(inquest, full)
        judge_leaks(inquest, full, truth, kept & truth.keys())
    except subprocess.TimeoutExpired as late:
        print(f"skipped: Wine does not run here ({late})")
        return 77
    except windows.Failure as failure:
        print(f"FAILED: {failure}")
        return 1
    finally:
        subprocess.run([windows.WINE, "wineboot", "-k"], env=quiet, capture_output=True, timeout=180)
    print(f"{len(truth)} blocks, all found; {len(kept)} kept")
    shutil.rmtree(work / "patient")
    return 0


if __name__ == "__main__":
    sys.exit(main())
