"""Heaps of which every block is known: what `inquest heap` and `inquest leaks` say of them, and what it costs.

A generator (bench/heap/) builds containers, trees, cycles and odd roots in several threads, writes down each
block's truth, and is dumped. Parts:
  glibc       every block and leak, with and without caches, stripped, static, by gcore, on Debian's newer versions
  allocators  the same on jemalloc, tcmalloc and mimalloc
  damage      each header field of each kind of chunk overwritten in turn, and thousands at random
  cost        seconds and memory by size, and a plot
  peers       valgrind and LeakSanitizer on the same program
Usage: ./dev bench heap [PART...] [--count N] [--sizes N,N,...] [--random N] [--plot FILE]
"""
import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "heap"), str(HERE / "lib")]
import cost  # noqa: E402
import damage  # noqa: E402
import glibcs  # noqa: E402
import patient  # noqa: E402
import peers  # noqa: E402
import truth  # noqa: E402

PARTS = ("glibc", "allocators", "damage", "cost", "peers")


def on_allocators(count, names):
    good = True
    for name in names:
        library = patient.find_library(patient.PRELOADS[name])
        if not library:
            print(f"{name}: skipped, {patient.PRELOADS[name]} is not installed")
            continue
        good &= truth.judge(patient.Variant(name, env={"LD_PRELOAD": library}), count)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; none: all")
    parser.add_argument("--count", type=int, default=500000, help="blocks, for the comparison with the truth")
    parser.add_argument("--allocators", default=",".join(patient.PRELOADS), help="of the part of that name")
    parser.add_argument("--sizes", default="500000,1000000,2000000,5000000", help="for cost; 20000000 takes 9 GB")
    parser.add_argument("--runs", type=int, default=3, help="for cost")
    parser.add_argument("--plot", type=pathlib.Path, default=patient.WORK / "heap-cost.svg")
    parser.add_argument("--keep", action="store_true", help="keep the cores of cost")
    parser.add_argument("--damaged-count", type=int, default=10000, help="blocks of the heaps that are damaged")
    parser.add_argument("--each", type=int, default=3, help="chunks of each kind that are damaged")
    parser.add_argument("--random", type=int, default=10000, help="random damages")
    parser.add_argument("--damage", action="store_true", help="the same as the part of that name")
    parser.add_argument("--peer-count", type=int, default=100000, help="blocks for valgrind and LeakSanitizer")
    options = parser.parse_args()
    parts = options.parts or (["damage"] if options.damage else PARTS)
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}")
    patient.build()
    good = True
    if "glibc" in parts:
        for variant in glibcs.variants():
            good &= truth.judge(variant, options.count)
    if "allocators" in parts:
        good &= on_allocators(options.count, options.allocators.split(","))
    if "damage" in parts:
        good &= damage.damage(options.damaged_count, options.each, options.random)
    if "cost" in parts:
        good &= cost.measure([int(size) for size in options.sizes.split(",")], options.runs, options.keep)
        cost.plot(options.plot)
    if "peers" in parts:
        if peers.available():
            peers.compare(options.peer_count)
        else:
            print("\npeers: skipped, valgrind is not installed")
    print("\nall as it must be" if good else "\nNOT all as it must be")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
