"""valgrind's memcheck and LeakSanitizer on the same program: time, memory, and which leaks they find.

Their reports name the functions that allocated, which tells leaks from what is not: `leak_tree` and `leak_cycle`
leak; the pointers of `build_mapping` lie in a mapping, those of `build_tagged` carry tags.
"""
import re
import subprocess
from collections import Counter

from measure import run_once
from patient import INQUEST, LEAKED, WORK, Running, Variant, make_dump, read_truth, run_inquest
from truth import rows_of

GROUPS = {"leak_tree": "leaked", "leak_cycle": "leaked", "leak": "leaked", "build_mapping": "held by a mapping",
          "build_tagged": "tagged", "build_interior": "interior"}
RECORD = {  # the first line of a record, with its blocks
    "valgrind": re.compile(r"== ([\d,]+) (?:\(.*?\) )?bytes in ([\d,]+) blocks are \w+ lost"),
    "lsan": re.compile(r"^(?:Direct|Indirect) leak of (\d+) byte\(s\) in (\d+) object\(s\)"),
}


def accused(text, record):
    """Blocks by the group of the function that allocated them."""
    counts, blocks, group = Counter(), 0, None
    for line in text.splitlines() + [""]:
        head = record.search(line)
        frame = re.search(r"(?:by|at) 0x\w+: .*?(\w+)\(|#\d+ 0x\w+ in (?:\(anonymous namespace\)::)?(\w+)", line)
        if head or not line.strip("= 0123456789"):
            if blocks:
                counts[group or "other"] += blocks
            blocks, group = (int(head[2].replace(",", "")), None) if head else (0, None)
        elif frame and blocks and group is None:
            group = GROUPS.get(frame[1] or frame[2])
    return counts


def measure_inquest(blocks):
    """Cost of dump and leaks of the plain program; recall of the one with a truth."""
    core = WORK / "peers.core"
    core.unlink(missing_ok=True)
    with Running(Variant("plain", program="heap-plain"), blocks) as pid:
        dump = run_once([INQUEST, "dump", str(pid), "-o", str(core)])
    leaks = run_inquest("leaks", "--untyped", str(core), "--format", "json")
    core.unlink()
    core, truth = make_dump(Variant("glibc"), blocks)
    live, _ = read_truth(truth)
    text = run_inquest("leaks", str(core), "--format", "csv").output
    said = {int(address, 16): kind for address, kind in rows_of(text, "address", "kind")}
    core.unlink()
    truth.unlink()
    counts = Counter()
    for address in said:
        kind = live.get(address, (0, "other"))[1]
        counts["leaked" if kind in LEAKED else "held by a mapping" if kind == "mapping" else kind] += 1
    leaked = sum(1 for _, kind in live.values() if kind in LEAKED)
    return dump.seconds + leaks.seconds, dump.cpu + leaks.cpu, max(dump.peak_mb, leaks.peak_mb), counts, leaked


def compare(blocks):
    print(f"\nthe same program with {blocks} blocks: from its start to its leaks")
    plain = ["--blocks", str(blocks), "--exit"]
    alone = run_once([str(WORK / "heap-plain"), *plain])
    seconds, cpu, peak, found, leaked = measure_inquest(blocks)
    memcheck = ["valgrind", "--leak-check=full", "--show-leak-kinds=definite,indirect,possible", "--num-callers=8"]
    rows = [("LeakSanitizer", run_once([str(WORK / "heap-lsan"), *plain]), "lsan"),
            ("valgrind", run_once([*memcheck, str(WORK / "heap-plain"), *plain]), "valgrind")]

    def tell(name, took, cpu, memory, counts, more=""):
        others = ", ".join(f"{count} {group}" for group, count in sorted(counts.items()) if group != "leaked")
        recall = 100 * counts["leaked"] / leaked
        print(f"  {name:22} {took:7.2f} s, {cpu:6.2f} s of processor, {memory:6.0f} MB, recall {recall:6.2f} %; "
              f"of others: {others or 'none'}{more}", flush=True)

    print(f"  {'the program alone':22} {alone.seconds:7.2f} s, {alone.cpu:6.2f} s of processor, "
          f"{alone.peak_mb:6.0f} MB, {leaked} blocks leaked")
    tell("inquest dump + leaks", seconds, cpu, peak, found)
    for name, cost, record in rows:
        ratio = max(cost.cpu - alone.cpu, 0.001) / cpu
        tell(name, cost.seconds, cost.cpu, cost.peak_mb, accused(cost.errors, RECORD[record]),
             f"; over the program alone {ratio:.1f} times inquest's processor time")


def available():
    return subprocess.run(["which", "valgrind"], capture_output=True).returncode == 0
