"""`inquest why` on full-memory minidumps: a real one of over 100 MB, made under Wine, and a built one of 20 GiB (sparse).

For each: the first look (the dump and the symbols not in the page cache, no compiled symbols), then the median of the
looks after it (all warm). Exits with 1 when a warm look takes a second or 300 MB. Usage: ./dev bench large [--runs N]
"""
import argparse
import json
import os
import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("bench/lib", "cases/windows", "tests")]
from measure import median_cost, run_once  # noqa: E402
import run_windows_cases as windows  # noqa: E402
import windows_dump  # noqa: E402

WORK = ROOT / "build/bench/large"
INQUEST = os.environ.get("INQUEST", str(ROOT / "build/release/bin/inquest"))
MOST_SECONDS, MOST_MB = 1, 300
SOURCE = """
#include "runtime/windows.h"
struct Guild { int slots[11]; int rank; };
NOINLINE int rank_of(const Guild* guild) { return guild->rank; }
int run_patient() {
  // Blocks of a heap and one large block, all written to, as a program's memory is.
  for (int i = 0; i < 20000; ++i) {
    auto* block = static_cast<char*>(HeapAlloc(GetProcessHeap(), 0, 1000 + i % 1000));
    for (int n = 0; n < 1000; n += 8) block[n] = static_cast<char>(i + n);
  }
  auto* large = static_cast<char*>(HeapAlloc(GetProcessHeap(), 0, 48u << 20));
  for (unsigned n = 0; n < 48u << 20; n += 64) large[n] = static_cast<char>(n >> 6);
  return rank_of(nullptr);
}
"""


def build_real():
    """A dump of about 100 MB, and the folder of its symbols."""
    folder = WORK / "real"
    dump = folder / "full.dmp"
    if not dump.exists():
        shutil.rmtree(folder, ignore_errors=True)
        case = folder / "case"
        case.mkdir(parents=True)
        (case / "main.cc").write_text(SOURCE)
        (case / "runtime").symlink_to(windows.HERE / "runtime")
        program = windows.build(case, "O0", folder / "build")
        windows.die(program, folder / "build/full.dmp", "full", ROOT / "build/bench/wine")
        shutil.move(folder / "build/full.dmp", dump)
    return dump, folder / "build"


def build_huge():
    """A dump of 20 GiB: 20,480 ranges of 1 MiB with gaps, 64 threads."""
    folder = WORK / "huge"
    dump = folder / "huge.dmp"
    if not dump.exists():
        shutil.rmtree(folder, ignore_errors=True)
        images = windows_dump.build(folder / "build")
        mib = 1 << 20
        ranges = [(windows_dump.STACK + (1 << 32) + 2 * i * mib, mib) for i in range(20 << 10)]
        windows_dump.write_dump(dump, images, ranges, threads=64)
    return dump, folder / "build"


def forget(folder):
    """Takes the files of a folder out of the page cache; what others have mapped stays."""
    for path in folder.rglob("*"):
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measure(title, dump, symbols, runs):
    cache = WORK / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    env = dict(os.environ, XDG_CACHE_HOME=str(cache), DEBUGINFOD_URLS="", INQUEST_SYMBOL_PATH="")
    command = [INQUEST, "why", str(dump), "--symbols", str(symbols), "--format", "json"]
    forget(dump.parent)
    first = run_once(command, env=env)
    run_once([INQUEST, "symbols", "compile", str(dump), "--symbols", str(symbols)], env=env)
    warm = median_cost(command, runs, env=env)
    size = dump.stat()
    print(f"\n{title}: {size.st_size / 1e6:,.0f} MB, {size.st_blocks * 512 / 1e6:,.1f} MB on disk")
    for name, cost in (("first look", first), ("again, warm", warm)):
        print(f"  {name:12} wall {cost.seconds:7.3f} s   processor {cost.cpu:7.3f} s   memory {cost.peak_mb:5.0f} MB   "
              f"status {cost.status}")
    if warm.status != 0:
        print(f"  {warm.errors.strip()}")
        return False
    verdict = json.loads(warm.output)["verdict"]
    print(f"  {verdict['cause']}: {verdict['summary']}")
    good = verdict["cause"] == "null-dereference" and warm.seconds < MOST_SECONDS and warm.peak_mb < MOST_MB
    print(f"  {'within' if good else 'NOT within'} {MOST_SECONDS} s and {MOST_MB} MB")
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    if not windows_dump.have_tools():
        print("skipped: no clang-19 and lld-link-19")
        return 0
    good = measure("20 GiB, built", *build_huge(), options.runs)
    try:
        good &= measure("full memory of a process under Wine", *build_real(), options.runs)
    except windows.Failure as failure:
        print(f"the dump could not be made: {failure}")
        good = False
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
