"""Heaps of which every block is known: what `inquest heap` and `inquest leaks` say of them, and what it costs.

A generator (bench/heap/) builds containers, trees, cycles and odd roots in several threads, writes down each
block's truth, and is dumped. On each allocator: live blocks and bytes exact, no freed block live, recall of leaks,
false leaks. On glibc's: seconds, peak memory beyond the mapped core, and cost a block by size. valgrind and
LeakSanitizer run the same program at a smaller size.
Usage: ./dev bench heap [--blocks N] [--sizes N,N,...] [--allocators a,b] [--no-peers] [--keep]
"""
import argparse
import os
import pathlib
import signal
import struct
import subprocess
import sys
import time
from collections import Counter

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench/lib"))
from measure import run_once  # noqa: E402

WORK = ROOT / "build/bench/heap"
INQUEST = os.environ.get("INQUEST", str(ROOT / "build/release/bin/inquest"))
KINDS = ("other", "reachable", "leaked head", "leaked with", "leaked cycle", "tagged", "mapping", "register",
         "stack", "thread-local", "array", "base", "interior")  # as in heap/ledger.h
LEAKED = {"leaked head", "leaked with", "leaked cycle"}
PRELOADS = {"jemalloc": "libjemalloc.so.2", "tcmalloc": "libtcmalloc_minimal.so.4", "mimalloc": "libmimalloc.so.2"}
TAGS = "0xffff000000000000"
SECONDS_HEAP, SECONDS_LEAKS, MEGABYTES, RECALL = 1.0, 2.0, 350, 0.999


def build():
    WORK.mkdir(parents=True, exist_ok=True)
    source = ROOT / "bench/heap"
    flags = ["g++", "-std=c++20", "-O2", "-g", "-pthread"]
    both = [str(source / "generator.cc"), str(source / "ledger.cc")]
    subprocess.run([*flags, *both, "-o", str(WORK / "heap-generator"), "-ldl"], check=True)
    plain = [*flags, "-DWITHOUT_LEDGER", str(source / "generator.cc")]
    subprocess.run([*plain, "-o", str(WORK / "heap-plain")], check=True)
    subprocess.run([*plain, "-fsanitize=leak", "-o", str(WORK / "heap-lsan")], check=True)


def find_library(name):
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"):
        if (pathlib.Path(folder) / name).exists():
            return str(pathlib.Path(folder) / name)
    return None


def make_dump(blocks, allocator, tunables=None, threads=4):
    """The core and the truth of a generator of so many blocks."""
    name = f"{allocator}-{blocks}" + (f"-{tunables.replace('=', '-').replace('.', '-')}" if tunables else "")
    core, truth = WORK / f"{name}.core", WORK / f"{name}.truth"
    env = dict(os.environ)
    if allocator in PRELOADS:
        env["LD_PRELOAD"] = find_library(PRELOADS[allocator])
    if tunables:
        env["GLIBC_TUNABLES"] = tunables
    program = subprocess.Popen(
        [str(WORK / "heap-generator"), "--blocks", str(blocks), "--threads", str(threads), "--truth", str(truth)],
        stdout=subprocess.PIPE, env=env)
    try:
        if not program.stdout.readline().startswith(b"ready"):
            sys.exit(f"the generator did not come up with {allocator}")
        time.sleep(0.2)  # the threads that are not the first go to sleep
        subprocess.run([INQUEST, "dump", str(program.pid), "-o", str(core)], check=True, capture_output=True)
    finally:
        program.send_signal(signal.SIGKILL)
        program.wait()
    return core, truth


def read_truth(path):
    """Of live blocks: address -> (usable bytes, kind); and the addresses of freed ones."""
    live, freed = {}, set()
    for address, usable, kind, is_live, _ in struct.iter_unpack("<QIBBH", path.read_bytes()[16:]):
        if is_live:
            live[address] = (usable, KINDS[kind])
        else:
            freed.add(address)
    return live, freed


def run_inquest(*arguments):
    """Seconds, peak of anonymous memory in MB, output. The mapped core is not the tool's own memory."""
    with open(WORK / "output", "w+b") as out, open(WORK / "errors", "w+b") as err:
        start = time.perf_counter()
        child = subprocess.Popen([INQUEST, *arguments], stdout=out, stderr=err)
        peak = 0
        while child.poll() is None:
            try:
                status = pathlib.Path(f"/proc/{child.pid}/status").read_text()
                peak = max(peak, int(status.split("RssAnon:")[1].split()[0]))
            except (OSError, IndexError):
                pass
            time.sleep(0.002)
        seconds = time.perf_counter() - start
        out.seek(0)
        err.seek(0)
        return seconds, peak / 1024, child.returncode, out.read().decode(), err.read().decode()


def lines_of(text):
    lines = text.splitlines()
    heads = lines[0].split(",")
    return [dict(zip(heads, line.split(","))) for line in lines[1:]]


def judge_heap(core, live, freed):
    """Whether the list of blocks is the truth. None: this build has no such verb."""
    seconds, peak, status, text, errors = run_inquest("heap", str(core), "--list", "--format", "csv")
    if status == 2:
        print("  heap:  skipped, this build has no such verb")
        return None
    if status != 0:
        print(f"  heap:  status {status}: {errors.strip()}")
        return False
    # tcmalloc cannot yet say how large the blocks are that it gave out before it stood.
    unknown = {address for address, (size, _) in live.items() if size == 0}
    used = {int(row["address"], 16): int(row["size"]) for row in lines_of(text) if row["state"] == "used"}
    missing = len(live.keys() - used.keys())
    more = used.keys() - live.keys()
    wrong = sum(1 for address, size in used.items() if address in live and address not in unknown and live[address][0] != size)
    dead = len(more & freed)
    print(f"  heap:  {len(used)} of {len(live)} live blocks, {sum(used.values())} bytes "
          f"(truth {sum(size for size, _ in live.values())}); {missing} missing, {len(more)} too many "
          f"({dead} of them freed), {wrong} of another size"
          + (f", {len(unknown)} of a size that the truth does not know" if unknown else ""))
    # Libraries may take blocks before the generator's malloc stands; the C library's own, a handful.
    return missing == 0 and wrong == 0 and dead == 0 and len(more) <= 16


def judge_leaks(core, live, mask):
    """Recall and false leaks, with the program's mask or without."""
    options = ["--pointer-mask", TAGS] if mask else []
    seconds, peak, status, text, errors = run_inquest("leaks", str(core), "--format", "csv", *options)
    if status != 0:
        print(f"  leaks: status {status}: {errors.strip()}")
        return False
    said = {int(row["address"], 16): row["kind"] for row in lines_of(text)}
    counts = Counter((kind, said.get(address, "reachable")) for address, (_, kind) in live.items())
    leaked = sum(count for (kind, _), count in counts.items() if kind in LEAKED)
    found = sum(count for (kind, word), count in counts.items()
                if kind in LEAKED and word in ("definite", "indirect"))
    innocent = set(KINDS) - LEAKED - {"interior", "other"} - (set() if mask else {"tagged"})
    false = {kind: count for (kind, word), count in counts.items() if kind in innocent and word != "reachable"}
    unknown = len(said.keys() - live.keys())
    recall = found / max(leaked, 1)
    print(f"  leaks{' with mask' if mask else ''}: recall {found}/{leaked} = {100 * recall:.3f} %; false "
          f"{false or 'none'}; {unknown} of no live block; "
          f"interior only: {counts[('interior', 'possible')]} possible of "
          f"{sum(c for (k, _), c in counts.items() if k == 'interior')}")
    return recall >= RECALL and not false and unknown <= 16


def judge(blocks, allocator, tunables=None):
    print(f"{allocator}{', ' + tunables if tunables else ''}, {blocks} blocks")
    core, truth = make_dump(blocks, allocator, tunables)
    live, freed = read_truth(truth)
    results = [judge_heap(core, live, freed), judge_leaks(core, live, False), judge_leaks(core, live, True)]
    core.unlink()
    truth.unlink()
    return all(result is not False for result in results)


def best_cost(runs, *arguments):
    costs = [run_inquest(*arguments) for _ in range(runs)]
    return min(cost[0] for cost in costs), max(cost[1] for cost in costs), costs[0][2]


def speed(sizes, runs, keep):
    print("\nglibc, warm page cache: seconds (best), memory beyond the mapped core, nanoseconds a block")
    good = True
    for blocks in sizes:
        core, truth = make_dump(blocks, "glibc")
        count = sum(1 for _, _, _, is_live, _ in struct.iter_unpack("<QIBBH", truth.read_bytes()[16:]) if is_live)
        line = f"  {count:>9} blocks, core {core.stat().st_size / 2**30:.2f} GiB:"
        for verb, limit in (("heap", SECONDS_HEAP), ("leaks", SECONDS_LEAKS)):
            seconds, peak, status = best_cost(runs, verb, str(core), "--format", "json")
            if status != 0:
                line += f"  {verb} -"
                continue
            line += f"  {verb} {seconds:.2f} s, {peak:.0f} MB, {seconds / count * 1e9:.0f} ns"
            if 4e6 < count < 6e6:
                good &= seconds < limit and peak < MEGABYTES
        print(line)
        if not keep:
            core.unlink()
            truth.unlink()
    return good


def peers(blocks, runs):
    print(f"\nthe same program with {blocks} blocks: from its start to its leaks")
    plain = ["--blocks", str(blocks), "--exit"]
    base = run_once([str(WORK / "heap-plain"), *plain])
    core, truth = make_dump(blocks, "glibc")
    ours = best_cost(runs, "leaks", str(core), "--format", "json")
    rows = [("alone", base), ("LeakSanitizer", run_once([str(WORK / "heap-lsan"), *plain])),
            ("valgrind", run_once(["valgrind", "--leak-check=full", str(WORK / "heap-plain"), *plain]))]
    for name, cost in rows:
        more = max(cost.seconds - base.seconds, 0.001)
        print(f"  {name:14} {cost.seconds:8.2f} s {cost.peak_mb:6.0f} MB" +
              ("" if cost is base else f"   over the program alone: {more / ours[0]:.1f} times inquest's"))
    print(f"  {'inquest leaks':14} {ours[0]:8.2f} s {ours[1]:6.0f} MB, of its dump")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--blocks", type=int, default=500000, help="for the comparison with the truth")
    parser.add_argument("--sizes", default="500000,1000000,2000000,5000000", help="for speed; 20000000 takes 9 GB")
    parser.add_argument("--allocators", default="glibc,jemalloc,tcmalloc,mimalloc")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--keep", action="store_true", help="keep the cores of the speed runs")
    options = parser.parse_args()
    build()
    good = True
    for allocator in options.allocators.split(","):
        if allocator in PRELOADS and not find_library(PRELOADS[allocator]):
            print(f"{allocator}: skipped, {PRELOADS[allocator]} is not installed")
            continue
        good &= judge(options.blocks, allocator)
    if "glibc" in options.allocators:
        for count in (0, 2000):
            good &= judge(options.blocks, "glibc", f"glibc.malloc.tcache_count={count}")
    if options.sizes:
        good &= speed([int(size) for size in options.sizes.split(",")], options.runs, options.keep)
    if not options.no_peers:
        peers(min(options.blocks, 200000), options.runs)
    print("\nall as it must be" if good else "\nNOT all as it must be")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
