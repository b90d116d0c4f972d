"""Whether blocks are what `inquest objects` says: held against a heap of which every block's type is known.

The generator of `./dev bench heap` walks all that it built and writes down what each block holds. It is dumped twice:
compiled with debug information, and stripped of it and of all symbols, so that only run-time type information is left.
Of all live blocks 98 % must be typed right with debug information, 90 % without; at most 0.1 % wrong; at five million
blocks within 6 seconds and 100 bytes a block.
Usage: ./dev bench objects [--count N] [--explain]
"""
import argparse
import csv
import pathlib
import subprocess
import sys
from collections import Counter

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "heap"), str(HERE / "lib")]
import cost  # noqa: E402
import patient  # noqa: E402
import types_of_blocks  # noqa: E402
from types_of_blocks import LESS, RIGHT, TYPES, UNKNOWN, WRONG  # noqa: E402

VARIANTS = (("with debug information", "heap-generator", 98.0), ("stripped", "heap-stripped", 90.0))
MOST_WRONG = 0.1  # percent
SECONDS, BYTES_A_BLOCK = 6.0, 100.0
ENOUGH = 4_000_000  # blocks from which on what it costs is judged


def answers(core):
    """(address, type, how) of the blocks that have a type, ascending."""
    query = "SELECT address, type, how FROM objects ORDER BY address"
    with subprocess.Popen([patient.INQUEST, "sql", str(core), query, "--format", "csv"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as look:
        rows = csv.reader(look.stdout)
        next(rows, None)
        for address, name, how in rows:
            yield int(address, 16), name, how


def compare(core, truth, has_debug):
    """Blocks by (type of the truth, judgement), and what was said wrongly, or too little, or not at all."""
    counts, said, libraries = Counter(), Counter(), 0
    rows = answers(core)
    at, name, how = next(rows, (None, "", ""))
    for address, kind in types_of_blocks.live_types(truth):
        while at is not None and at < address:
            at, name, how = next(rows, (None, "", ""))
        answer = (name, how) if at == address else ("", "")
        if kind == 0:
            libraries += 1
            continue
        verdict = types_of_blocks.judge(kind, answer[0], has_debug)
        counts[kind, verdict] += 1
        said[kind, verdict, *answer] += 1
    return counts, said, libraries


def print_counts(counts, said, libraries):
    sums = {kind: sum(counts[kind, verdict] for verdict in range(4)) for kind in TYPES}
    print(f"  {'':44}{'blocks':>9}{'right':>10}{'less':>8}{'wrong':>8}{'unknown':>9}")
    for kind, expected in TYPES.items():
        if sums[kind]:
            print(f"  {expected.what:44.44}{sums[kind]:>9}{counts[kind, RIGHT]:>10}{counts[kind, LESS]:>8}"
                  f"{counts[kind, WRONG]:>8}{counts[kind, UNKNOWN]:>9}")
    total = {verdict: sum(counts[kind, verdict] for kind in TYPES) for verdict in range(4)}
    everything = max(1, sum(total.values()))
    shares = {verdict: 100 * count / everything for verdict, count in total.items()}
    print(f"  {'all':44}{everything:>9}{shares[RIGHT]:>9.3f}%{shares[LESS]:>7.3f}%{shares[WRONG]:>7.4f}%"
          f"{shares[UNKNOWN]:>8.3f}%   ({libraries} of libraries are not judged)")
    for (kind, verdict, name, how), count in said.most_common():
        if verdict in (LESS, WRONG):
            print(f"    {'wrong' if verdict == WRONG else 'less'}: {count} of {TYPES[kind].what} as {name} ({how})")
    return everything, shares


def print_hows(said):
    hows = Counter()
    for (_, verdict, _, how), count in said.items():
        hows[how, verdict] += count
    print("  right by: " + ", ".join(f"{how} {count}" for (how, verdict), count in hows.most_common()
                                     if verdict == RIGHT))


def measure(core, blocks):
    look = patient.run_inquest("objects", str(core), "--format", "csv")
    a_block = look.peak_mb * 2**20 / blocks
    print(f"  inquest objects: {look.seconds:.2f} s, {look.cpu:.2f} s of processor, {look.peak_mb:.0f} MB beyond the "
          f"mapped core, {a_block:.0f} bytes a block", flush=True)
    if look.status != 0:
        print(f"  status {look.status}: {look.errors.strip()}")
        return False
    if blocks < ENOUGH:
        return True
    if look.seconds >= SECONDS and cost.is_busy():
        print(f"  over {SECONDS:.0f} s; not judged, the machine does other work")
        return a_block < BYTES_A_BLOCK
    return look.seconds < SECONDS and a_block < BYTES_A_BLOCK


def judge(name, program, least, options):
    print(f"{name}, {options.count} blocks", flush=True)
    core, truth = patient.make_dump(patient.Variant(program, program=program), options.count)
    has_debug = program == "heap-generator"
    counts, said, libraries = compare(core, truth, has_debug)
    blocks, shares = print_counts(counts, said, libraries)
    print_hows(said)
    good = shares[RIGHT] >= least and shares[WRONG] <= MOST_WRONG
    if options.cost:
        good &= measure(core, blocks)
    if not options.keep:
        core.unlink()
        truth.unlink()
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5_000_000, help="blocks")
    parser.add_argument("--explain", action="store_true", help="print what counts as right")
    parser.add_argument("--no-cost", dest="cost", action="store_false", help="the types only")
    parser.add_argument("--keep", action="store_true", help="keep the cores and truths")
    parser.add_argument("--folder", type=pathlib.Path, default=patient.WORK, help="for programs and dumps")
    options = parser.parse_args()
    patient.WORK = options.folder
    patient.build([program for _, program, _ in VARIANTS])
    if options.explain:
        types_of_blocks.print_table()
    verdicts = [judge(*variant, options) for variant in VARIANTS]
    print("\nall as it must be" if all(verdicts) else "\nNOT all as it must be")
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
