"""Damaged heaps: bench_heap_damage on a core of each allocator, and what it says."""
import subprocess

from patient import PRELOADS, WORK, Variant, find_library, make_dump

PROGRAM = WORK.parent.parent / "release/bin/bench_heap_damage"


def damage(blocks, each, random):
    """glibc field by field and at random; the others' books at random, a tenth as often."""
    good = True
    # Without thread caches, what was freed lies in fast bins and in lists of free chunks.
    no_cache = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"}
    variants = [Variant("glibc"), Variant("glibc, tcache_count 0", env=no_cache)]
    variants += [Variant(name, env={"LD_PRELOAD": find_library(library)}) for name, library in PRELOADS.items()
                 if find_library(library)]
    for variant in variants:
        own = random // 2 if variant.name.startswith("glibc") else random // 10
        print(f"\n{variant.name}, {blocks} blocks, damaged", flush=True)
        core, truth = make_dump(variant, blocks)
        done = subprocess.run([str(PROGRAM), str(core), "--each", str(each), "--random", str(own)],
                              capture_output=True, text=True)
        print(done.stdout.rstrip())
        if done.returncode != 0:
            print(f"  FAILED with status {done.returncode}: {done.stderr.strip()} (kept: {core})")
            good = False
            continue
        core.unlink()
        truth.unlink()
    return good
