"""Stacks of minidumps: Inquest against Breakpad's minidump_stackwalk, in one run.

Inputs: the minidumps of the fixtures that have symbols for the peer, and a process of 100 threads, built
here and dumped under Wine, with a Breakpad symbol file of at least 20 MB. Wall and processor seconds (medians)
and peak memory, Inquest cold (no compiled symbol cache) and with it; the programs take turns, so that what else
the machine does falls on all alike. The page cache is warm for all. The peer is minidump_stackwalk on PATH, or
STACKWALK, or the prebuilt one of the npm package `minidump` (fetched into build/bench, never kept).
Usage: ./dev bench minidump [--runs N]
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench/lib"), str(ROOT / "cases/windows")]
import stackwalk  # noqa: E402
from measure import run_once  # noqa: E402
import run_windows_cases as windows  # noqa: E402

WORK = ROOT / "build/bench/minidump"
INQUEST = os.environ.get("INQUEST", str(ROOT / "build/release/bin/inquest"))
FIXTURES = pathlib.Path(os.environ.get("INQUEST_FIXTURES", ROOT.parent / "shared/fixtures"))
MODULE_SIZE, MODULE_CODEVIEW = 108, 76  # MINIDUMP_MODULE, and where its CvRecord is in it
SOURCE = """
#include "runtime/windows.h"
static int depth_of(int n);
NOINLINE int wait_here(int n) { Sleep(60000); return n; }
NOINLINE int odd(int n) { return n ? depth_of(n - 1) + 1 : wait_here(n); }
NOINLINE int even(int n) { return n ? depth_of(n - 1) + 2 : wait_here(n); }
static int depth_of(int n) { return n % 2 ? odd(n) : even(n); }
NOINLINE unsigned work(void* n) { return static_cast<unsigned>(depth_of(40) + (n != nullptr)); }
struct Guild { int slots[11]; int rank; };
NOINLINE int rank_of(const Guild* guild) { return guild->rank; }
int run_patient() {
  for (int i = 0; i < 100; ++i) CreateThread(nullptr, 0, work, nullptr, 0, nullptr);
  Sleep(1000);
  return rank_of(nullptr);
}
"""


def find_peer():
    named = os.environ.get("STACKWALK") or shutil.which("minidump_stackwalk")
    if named:
        return named
    folder = WORK / "npm"
    program = folder / "package/bin/linux-x64/minidump_stackwalk"
    if not program.exists() and shutil.which("npm"):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "minidump"], cwd=folder, capture_output=True, timeout=120)
        for archive in folder.glob("minidump-*.tgz"):
            subprocess.run(["tar", "xzf", archive.name], cwd=folder, check=True)
    if not program.exists():
        return None
    program.chmod(0o755)
    return str(program)


def name_build(dump, guid, pdb):
    """Gives the main module the CodeView record that Wine leaves out."""
    data = bytearray(dump.read_bytes())
    count, directory = struct.unpack_from("<II", data, 8)
    for i in range(count):
        kind, _, at = struct.unpack_from("<III", data, directory + 12 * i)
        if kind != 4:
            continue
        record = b"RSDS" + struct.pack("<IHH", int(guid[:8], 16), int(guid[8:12], 16), int(guid[12:16], 16))
        record += bytes.fromhex(guid[16:32]) + struct.pack("<I", int(guid[32:], 16)) + pdb.encode() + b"\0"
        (modules,) = struct.unpack_from("<I", data, at)
        for n in range(modules):
            module = at + 4 + MODULE_SIZE * n
            (name,) = struct.unpack_from("<I", data, module + 20)
            (length,) = struct.unpack_from("<I", data, name)
            if data[name + 4:name + 4 + length].decode("utf-16-le").endswith("patient.exe"):
                struct.pack_into("<II", data, module + MODULE_CODEVIEW, len(record), len(data))
                data += record
                dump.write_bytes(data)
                return
    sys.exit(f"{dump} has no module patient.exe")


def call_frame_information(program):
    """STACK CFI records from the image's unwind data, as dump_syms writes them: for the functions' bodies."""
    data = program.read_bytes()
    (pe,) = struct.unpack_from("<I", data, 0x3c)
    (count,) = struct.unpack_from("<H", data, pe + 6)
    (optional,) = struct.unpack_from("<H", data, pe + 20)
    sections = [struct.unpack_from("<8sIIII", data, pe + 24 + optional + 40 * i) for i in range(count)]

    def offset(rva):
        return next(rva - start + raw for _, size, start, _, raw in sections if start <= rva < start + size)

    table, size = struct.unpack_from("<II", data, pe + 24 + 112 + 3 * 8)
    names = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"] + [f"r{n}" for n in range(8, 16)]
    lines = []
    for at in range(offset(table), offset(table) + size, 12):
        begin, end, info = struct.unpack_from("<III", data, at)
        info = offset(info)
        flags, _, codes, frame = struct.unpack_from("<BBBB", data, info)
        if flags >> 3 & 4 or frame:  # chained, or a frame register: the patient has none on the way
            continue
        depth, pushed, i = 0, [], 0
        while i < codes:
            code, operand = data[info + 4 + 2 * i + 1] & 15, data[info + 4 + 2 * i + 1] >> 4
            if code == 0:
                pushed.append((names[operand], depth))
                depth += 8
            elif code == 1:
                depth += struct.unpack_from("<H" if operand == 0 else "<I", data, info + 6 + 2 * i)[0] * (8 if operand == 0 else 1)
                i += 1 if operand == 0 else 2
            elif code == 2:
                depth += 8 * operand + 8
            elif code in (4, 8):
                i += 1
            elif code in (5, 9):
                i += 2
            i += 1
        saved = "".join(f" ${name}: .cfa {at - depth - 8} + ^" for name, at in pushed)
        lines.append(f"STACK CFI INIT {begin:x} {end - begin:x} .cfa: $rsp {depth + 8} + .ra: .cfa -8 + ^{saved}")
    return lines


def build_many_threads():
    """A dump of 100 threads 40 frames deep, and its symbols among 20 MB of others'."""
    folder = WORK / "threads"
    dump = folder / "threads.dmp"
    if dump.exists():
        return dump, folder / "symbols"
    folder.mkdir(parents=True, exist_ok=True)
    case = folder / "case"
    case.mkdir(exist_ok=True)
    (case / "main.cc").write_text(SOURCE)
    (case / "runtime").unlink(missing_ok=True)
    (case / "runtime").symlink_to(windows.HERE / "runtime")
    program = windows.build(case, "O0", folder / "build")
    windows.die(program, folder / "build/mini.dmp", "mini", ROOT / "build/bench/wine")
    windows.write_sym(program, folder / "symbols")
    symbols = next((folder / "symbols").rglob("*.sym"))
    lines = symbols.read_text().splitlines()
    lines.append("FILE 1 c:\\\\game\\\\server\\\\generated.cpp")
    at = 0x100000
    for n in range(60000):  # what the rest of a large program would add
        lines.append(f"FUNC {at:x} 140 0 game::server::generated::Handler<{n}>::on_message(Message const &)")
        lines += [f"{at + 16 * i:x} 10 {i + 10} 1" for i in range(20)]
        at += 0x140
    lines += call_frame_information(program)
    symbols.write_text("\n".join(lines) + "\n")
    name_build(folder / "build/mini.dmp", symbols.parent.name, "patient.pdb")
    shutil.move(folder / "build/mini.dmp", dump)
    shutil.rmtree(folder / "build")  # the image and the PDB, which Inquest would find by the recorded paths
    return dump, folder / "symbols"


def compare(title, dump, symbols, peer, runs):
    """Whether every frame that the peer is sure of was found by us too."""
    cache = WORK / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    env = dict(os.environ, XDG_CACHE_HOME=str(cache), DEBUGINFOD_URLS="", INQUEST_SYMBOL_PATH="")
    ours = [INQUEST, "stack", str(dump), "--symbols", str(symbols), "--format", "json"]
    run_once([INQUEST, "symbols", "compile", str(dump), "--symbols", str(symbols)], env=env)
    commands = {"inquest, cold": ours + ["--no-symbol-cache"], "inquest, cached": ours,
                "minidump_stackwalk": [peer, str(dump), str(symbols)]}
    costs = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            costs[name].append(run_once(command, env=env))
    theirs = stackwalk.parse(costs["minidump_stackwalk"][0].output)
    print(f"\n{title}")
    good = True
    for name in ("inquest, cold", "inquest, cached"):
        threads = json.loads(costs[name][0].output)["threads"]
        wanted, found = stackwalk.certain_frames_found(theirs, threads)
        good &= found == wanted
        print(f"  {name}: {len(threads)} threads, {sum(len(t['frames']) for t in threads)} frames; of the {wanted} "
              f"that the peer found by CFI (of {sum(map(len, theirs))} in {len(theirs)} threads), {found} are ours too")
    middle = {}
    for name, runs_of in costs.items():
        wall, cpu = (statistics.median(getattr(c, what) for c in runs_of) for what in ("seconds", "cpu"))
        middle[name] = (wall, cpu)
        print(f"  {name:20} wall {wall * 1e3:8.1f} ms (least {min(c.seconds for c in runs_of) * 1e3:8.1f})   "
              f"processor {cpu * 1e3:8.1f} ms   memory {max(c.peak_mb for c in runs_of):5.0f} MB")
    for name in ("inquest, cold", "inquest, cached"):
        wall, cpu = (b / a for a, b in zip(middle[name], middle["minidump_stackwalk"]))
        print(f"  {name}: {wall:.1f} times as fast, {cpu:.1f} times less processor time")
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    peer = find_peer()
    if not peer:
        print("skipped: no minidump_stackwalk (STACKWALK names one; or install npm)")
        return 0
    good = True
    if FIXTURES.is_dir():
        folder = FIXTURES / "breakpad-x86"
        good = compare("breakpad-x86/minidump2.dmp", folder / "minidump2.dmp", folder / "symbols", peer, options.runs)
    try:
        dump, symbols = build_many_threads()
    except windows.Failure as failure:
        print(f"the process of 100 threads could not be made: {failure}")
        return 1
    size = sum(path.stat().st_size for path in symbols.rglob("*.sym")) / 1e6
    good &= compare(f"100 threads, symbols of {size:.0f} MB", dump, symbols, peer, options.runs)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
