"""Stacks of minidumps: Inquest against Breakpad's minidump_stackwalk, in one run.

Inputs: the minidumps of the fixtures that have symbols for the peer, and a process of 100 threads, built
here and dumped under Wine, with a Breakpad symbol file of at least 20 MB. Wall seconds (median) and peak
memory, Inquest cold (no compiled symbol cache) and with it. The peer is minidump_stackwalk on PATH, or
STACKWALK, or the prebuilt one of the npm package `minidump` (fetched into build/bench, never kept).
Usage: ./dev bench minidump [--runs N]
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench/lib"), str(ROOT / "cases/windows")]
from measure import median_cost, run_once  # noqa: E402
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
    windows.die(program, folder / "build/mini.dmp", "mini", folder / "wine")
    windows.write_sym(program, folder / "symbols")
    symbols = next((folder / "symbols").rglob("*.sym"))
    lines = symbols.read_text().splitlines()
    lines.append("FILE 1 c:\\\\game\\\\server\\\\generated.cpp")
    at = 0x100000
    for n in range(60000):  # what the rest of a large program would add
        lines.append(f"FUNC {at:x} 140 0 game::server::generated::Handler<{n}>::on_message(Message const &)")
        lines += [f"{at + 16 * i:x} 10 {i + 10} 1" for i in range(20)]
        at += 0x140
    symbols.write_text("\n".join(lines) + "\n")
    name_build(folder / "build/mini.dmp", symbols.parent.name, "patient.pdb")
    shutil.move(folder / "build/mini.dmp", dump)
    return dump, folder / "symbols"


def compare(title, dump, symbols, peer, runs):
    cache = WORK / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    env = dict(os.environ, XDG_CACHE_HOME=str(cache), DEBUGINFOD_URLS="", INQUEST_SYMBOL_PATH="")
    ours = [INQUEST, "stack", str(dump), "--symbols", str(symbols), "--format", "json"]
    costs = {"inquest, cold": median_cost(ours + ["--no-symbol-cache"], runs, env=env)}
    run_once([INQUEST, "symbols", "compile", str(dump), "--symbols", str(symbols)], env=env)
    costs["inquest, cached"] = median_cost(ours, runs, env=env)
    costs["minidump_stackwalk"] = median_cost([peer, str(dump), str(symbols)], runs, env=env)
    theirs = costs["minidump_stackwalk"]
    print(f"\n{title}")
    by_cfi = re.findall(r"^ *\d+ +(\S+?)(?:!| \+).*?(?:\n .*?)*?Found by: (?:call frame info|given)", theirs.output, re.M)
    threads = json.loads(costs["inquest, cold"].output)["threads"]
    print(f"  frames: {sum(len(t['frames']) for t in threads)} by inquest, "
          f"{len(re.findall(r'^ *[0-9]+  ', theirs.output, re.M))} by the peer ({len(by_cfi)} of them by CFI or context)")
    for name, cost in costs.items():
        print(f"  {name:20} {cost.seconds:8.3f} s {cost.peak_mb:8.0f} MB   status {cost.status}")
    for name in ("inquest, cold", "inquest, cached"):
        print(f"  {name}: {theirs.seconds / costs[name].seconds:.1f} times as fast")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    peer = find_peer()
    if not peer:
        print("skipped: no minidump_stackwalk (STACKWALK names one; or install npm)")
        return 0
    if FIXTURES.is_dir():
        folder = FIXTURES / "breakpad-x86"
        compare("breakpad-x86/minidump2.dmp", folder / "minidump2.dmp", folder / "symbols", peer, options.runs)
    try:
        dump, symbols = build_many_threads()
    except windows.Failure as failure:
        print(f"the process of 100 threads could not be made: {failure}")
        return 1
    size = sum(path.stat().st_size for path in symbols.rglob("*.sym")) / 1e6
    compare(f"100 threads, symbols of {size:.0f} MB", dump, symbols, peer, options.runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
