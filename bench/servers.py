"""Real servers at work: what their allocators say of themselves beside what Inquest says of their dumps.

redis, postgres, nginx, python3 and node (Debian's packages, on loopback) get work (servers/start.py); a process of
each is stopped, dumped, and then calls its allocator's own statistics (servers/statistics_of.py) where it stands, so
that nothing moves between. Every figure must be equal. `leaks` of a healthy server must not accuse it of nonsense:
what is lost is listed, and how much may be.
Usage: ./dev bench servers [NAME...] [--keep] [--markdown]
"""
import argparse
import csv
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
from collections import Counter

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench/servers"))
import start  # noqa: E402
import statistics_of  # noqa: E402

WORK = ROOT / "build/bench/servers"
INQUEST = os.environ.get("INQUEST", str(ROOT / "build/release/bin/inquest"))
# Bytes of a chunk of glibc's that its block may not use; top has no chunk behind it, whose first word it could use.
HEADER, TOP_HEADER = 8, 16
ARENA_HEAD, HEAP_HEAD, FENCE = 0x8D0, 0x30, 32  # of glibc 2.36: what stands before the chunks, and at a heap's end
# Blocks that really are lost, each looked at (docs/heap-on-servers.md); more is a false alarm.
LOST_KNOWN = {"postgres, a session": 2, "postgres, the first process": 2}


def inquest(*arguments):
    done = subprocess.run([INQUEST, *arguments], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise RuntimeError(f"inquest {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def is_stopped(pid):
    """All of its threads."""
    states = [task.joinpath("stat").read_text().rsplit(")", 1)[1].split()[0]
              for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]
    return set(states) <= {"T", "t"}


def stop(pid):
    os.kill(pid, signal.SIGSTOP)
    start.wait_for(lambda: is_stopped(pid), 10)


class Dump:
    """What Inquest says of a core."""

    def __init__(self, core):
        self.heap = json.loads(inquest("heap", str(core), "--format", "json"))
        self.leaks = json.loads(inquest("leaks", str(core), "--format", "json"))
        self.memory = json.loads(inquest("memory", str(core), "--format", "json"))
        rows = csv.reader(inquest("heap", str(core), "--list", "--format", "csv").splitlines()[1:])
        self.blocks = [(int(at, 16), int(size), state, int(arena), mapped == "1")
                       for at, size, state, arena, mapped in rows]

    def sum(self, wanted, header=0):
        """Count and bytes of the blocks that `wanted` chooses, each with its header."""
        sizes = [block[1] + header for block in self.blocks if wanted(block)]
        return len(sizes), sum(sizes)


def compare_glibc(said, dump):
    """Rows of what, the allocator's figure, ours."""
    info, cached, arenas = said["mallinfo2"], said["tcache"], said["arenas"]
    own = set(cached["own"])
    ours = [arena for arena in dump.heap["arenas"] if arena["allocator"] == "glibc"]
    with_state = [arena for arena in ours if "address" in arena and int(arena["address"], 16) != 0]
    mapped = [arena for arena in ours if arena not in with_state]

    def state(name, header=HEADER):
        return dump.sum(lambda block: block[2] == name and not block[4] and block[0] not in own, header)

    free, kept, used, top = state("free"), state("cached"), state("used"), state("unused", TOP_HEADER)
    caches = dump.sum(lambda block: block[0] in own, HEADER)
    threads = len(with_state) - 1
    heaps = sum(arena["segments"] for arena in with_state) - 1
    overhead = threads * ARENA_HEAD + (heaps - threads) * (HEAP_HEAD + FENCE)
    tops = sum(arena["top"] for arena in arenas)
    by_thread = {int(thread): arena for thread, arena in said["threads"].items() if arena}
    yield "arenas", len(arenas), len(with_state)
    yield "bytes from the system", info["arena"], sum(arena["system_bytes"] for arena in with_state)
    yield ("bytes from the system, by arena", [heap["system"] for heap in said["malloc_info"]],
           [arena["system_bytes"] for arena in with_state])
    yield ("arena of each thread", sorted(by_thread.items()),
           sorted((thread, int(arena["address"], 16)) for arena in with_state for thread in arena["threads"]))
    yield "blocks with mappings of their own", info["hblks"], dump.sum(lambda block: block[4])[0]
    yield "bytes of those", info["hblkhd"], sum(arena["system_bytes"] for arena in mapped)
    yield "free blocks", info["ordblks"] - len(arenas), free[0]
    yield "bytes of those", info["fordblks"] - info["fsmblks"] - tops, free[1]
    yield "bytes never given out (top)", tops, top[1]
    yield "cached blocks", cached["blocks"] + info["smblks"], kept[0]
    yield "bytes of those", cached["bytes"] + info["fsmblks"], kept[1]
    # mallinfo2 counts as used: what the program holds, what caches of threads hold, and malloc's own.
    yield ("bytes in use", info["uordblks"] - cached["bytes"] - caches[1] - overhead, used[1])
    yield "all chunks and heads of heaps", info["arena"], sum(s[1] for s in (free, kept, used, top, caches)) + overhead


def compare_jemalloc(said, dump):
    held = dump.sum(lambda block: block[2] in ("used", "cached"))
    cached = dump.sum(lambda block: block[2] == "cached")
    by_size = Counter(block[1] for block in dump.blocks if block[2] in ("used", "cached"))
    theirs = Counter({int(size): count for size, count in said["classes"].items()})
    # The stacks that its caches keep blocks in are jemalloc's own allocations, one a cache; we count them to its books.
    own = theirs - by_size
    yield "sizes in which it has blocks that we have not", "one a cache", f"{sum(own.values())}: {dict(own)}"
    stacks = sum(size * count for size, count in own.items())
    yield "blocks in use or cached", sum(theirs.values()) - sum(own.values()), held[0]
    yield "bytes of those", said["allocated"] - stacks, held[1]
    yield "the same by size class", sorted((theirs - own).items()), sorted(by_size.items())
    yield "bytes in caches", said["tcache_bytes"], cached[1]


def mappings_of(pid):
    """Bytes of what the kernel lists."""
    spans = []
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        spans.append([int(end, 16) for end in line.split()[0].split("-")])
    return sum(end - begin for begin, end in spans)


def text_of(value):
    if isinstance(value, list):
        return f"{len(value)} figures"
    return f"{value:,}" if isinstance(value, int) else str(value)


class Report:
    def __init__(self, markdown):
        self.markdown, self.wrong, self.rows = markdown, 0, []

    def process(self, what, allocator, dump, rows):
        usage, totals = dump.heap["usage"], dump.leaks["totals"]
        print(f"\n{what}: {usage['used']['count']:,} blocks, {usage['used']['bytes']:,} bytes in use ({allocator})")
        faults = len(dump.heap["faults"])
        equal = 0
        for name, theirs, ours in rows:
            is_note = name.startswith("sizes in which")
            good = is_note or theirs == ours
            equal += good and not is_note
            self.wrong += not good
            print(f"  {'' if good else 'NOT '}{'noted' if is_note else 'equal'}  {name:38} {text_of(theirs):>20} {text_of(ours):>20}")
            if not good and isinstance(theirs, list):
                print(f"    they: {theirs[:20]}\n    we:   {ours[:20]}")
        self.wrong += faults
        if faults:
            print(f"  NOT whole: {dump.heap['faults'][:3]}")
        lost = totals["definite"]["blocks"] + totals["indirect"]["blocks"]
        possible = totals["possible"]["blocks"]
        print(f"  lost {lost}, possibly lost {possible}, reachable {totals['reachable']['blocks']:,}")
        for shape in dump.leaks["shapes"]:
            words = shape.get("type") or shape.get("text") or shape.get("words", "")
            print(f"    {shape['kind']:8} {shape['blocks']:4} blocks, head {shape['head_size']:>6} at {shape['heads'][0]}  {words}")
        self.wrong += lost > LOST_KNOWN.get(what, 0)
        self.rows.append((what, allocator, f"{usage['used']['count']:,}", f"{usage['used']['bytes']:,}",
                          f"{usage['free']['bytes'] + usage['cached']['bytes']:,}", f"{equal} equal", lost, possible))

    def table(self):
        head = ("process", "allocator", "blocks in use", "bytes in use", "bytes free or cached", "figures", "lost",
                "possibly lost")
        if self.markdown:
            print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
            for row in self.rows:
                print("| " + " | ".join(str(cell) for cell in row) + " |")
            return
        widths = [max(len(str(row[i])) for row in [head, *self.rows]) for i in range(len(head))]
        print()
        for row in [head, *self.rows]:
            print("  " + "  ".join(f"{str(cell):{width}}" for cell, width in zip(row, widths)))


def look_at(server, what, pid, keep, report):
    stop(pid)
    core = WORK / f"{what.replace(', ', '-').replace(' ', '-')}.core"
    inquest("dump", str(pid), "-o", str(core))
    mapped = mappings_of(pid)
    said = getattr(statistics_of, server.allocator)(pid, server.errors)
    dump = Dump(core)
    compare = compare_jemalloc if server.allocator == "jemalloc" else compare_glibc
    rows = list(compare(said, dump))
    rows.append(("bytes of all mappings (/proc)", mapped, sum(area["size"] for area in dump.memory["areas"])))
    report.process(what, server.allocator, dump, rows)
    if not keep:
        core.unlink()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", help="of " + ", ".join(kind.name for kind in start.ALL))
    parser.add_argument("--keep", action="store_true", help="keep the cores in build/bench/servers")
    parser.add_argument("--markdown", action="store_true", help="the last table as the documents have it")
    options = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    report, versions = Report(options.markdown), []
    for kind in start.ALL:
        if options.names and kind.name not in options.names:
            continue
        if not kind.find():
            print(f"{kind.name}: skipped, it is not installed")
            continue
        with kind(WORK) as server:
            versions.append(server.version)
            for what, pid in server.processes:
                look_at(server, what, pid, options.keep, report)
    report.table()
    libraries = start.output_of("dpkg-query", "-W", "-f", "glibc ${Version}", "libc6")
    print(f"\n{time.strftime('%Y-%m-%d')}; {'; '.join(versions)}; {libraries}")
    print("all as it must be" if report.wrong == 0 else f"NOT all as it must be: {report.wrong}")
    return report.wrong != 0


if __name__ == "__main__":
    sys.exit(main())
