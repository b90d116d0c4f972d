"""Holds what `inquest heap` and `inquest leaks` say against the truth."""
import subprocess
from collections import Counter

from patient import KINDS, LEAKED, WORK, make_dump, read_truth, run_inquest

TAGS = "0xffff000000000000"
RECALL = 0.999
EXPLAIN = WORK.parent.parent / "release/bin/bench_heap_explain"


def rows_of(text, *names):
    """The named columns of a CSV without quotes, row by row."""
    lines = iter(text.splitlines())
    heads = next(lines, "").split(",")
    places = [heads.index(name) for name in names]
    for line in lines:
        cells = line.split(",")
        yield [cells[place] for place in places]


def judge_heap(core, live, freed):
    """Whether the list of blocks is the truth. None: this build has no such verb."""
    look = run_inquest("heap", str(core), "--list", "--format", "csv")
    if look.status == 2:
        print("  heap:  skipped, this build has no such verb")
        return None
    if look.status != 0:
        print(f"  heap:  status {look.status}: {look.errors.strip()}")
        return False
    used = {int(address, 16): int(size) for address, size, state in rows_of(look.output, "address", "size", "state")
            if state == "used"}
    # tcmalloc cannot yet say how large the blocks are that it gave out before it stood.
    unknown = {address for address, (size, _) in live.items() if size == 0}
    missing = len(live.keys() - used.keys())
    more = used.keys() - live.keys()
    wrong = sum(1 for address, size in used.items()
                if address in live and address not in unknown and live[address][0] != size)
    dead = len(more & freed)
    truth = sum(size for size, _ in live.values())
    shared = sum(size for address, size in used.items() if address not in more and address not in unknown)
    print(f"  heap:  {len(used)} of {len(live)} live blocks, {shared} of {truth} bytes; {missing} missing, "
          f"{len(more)} from before the truth began, {dead} freed ones, {wrong} of another size"
          + (f", {len(unknown)} of a size that the truth does not know" if unknown else ""))
    # Libraries may take blocks before the generator's malloc stands: a handful.
    return missing == 0 and wrong == 0 and dead == 0 and len(more) <= 16 and (truth == shared or bool(unknown))


def judge_leaks(core, live, mask):
    """Recall and false leaks, with the program's mask or without."""
    options = ["--pointer-mask", TAGS] if mask else []
    look = run_inquest("leaks", str(core), "--format", "csv", *options)
    if look.status != 0:
        print(f"  leaks: status {look.status}: {look.errors.strip()}")
        return False
    said = {int(address, 16): kind for address, kind in rows_of(look.output, "address", "kind")}
    counts = Counter((kind, said.get(address, "reachable")) for address, (_, kind) in live.items())
    leaked = sum(count for (kind, _), count in counts.items() if kind in LEAKED)
    sure = sum(count for (kind, word), count in counts.items()
               if kind in LEAKED and word in ("definite", "indirect"))
    doubtful = sum(counts[(kind, "possible")] for kind in LEAKED)
    innocent = set(KINDS) - LEAKED - {"interior", "other"} - (set() if mask else {"tagged"})
    false = {kind: count for (kind, word), count in counts.items() if kind in innocent and word != "reachable"}
    unknown = len(said.keys() - live.keys())
    recall = sure / max(leaked, 1)  # what is only possible is printed, not counted
    print(f"  leaks{' with mask' if mask else ''}: recall {100 * recall:.3f} %: {sure} of {leaked} lost"
          + (f", {doubtful} possibly" if doubtful else "") + f"; false {false or 'none'}"
          + (f", {unknown} from before the truth began" if unknown else "")
          + f"; of pointers into the middle: {counts[('interior', 'possible')]} possible of "
          f"{sum(count for (kind, _), count in counts.items() if kind == 'interior')}")
    return recall >= RECALL and not false and unknown <= 16, sure + doubtful < leaked


def explain(core, truth):
    """What keeps the leaked blocks that were not found, a line a reason."""
    done = subprocess.run([str(EXPLAIN), str(core), str(truth)], capture_output=True, text=True)
    for line in done.stdout.splitlines():
        print(f"         not found: {line}")


def judge(variant, blocks):
    """All of one dump; the dump is gone afterwards."""
    print(f"{variant.name}, {blocks} blocks")
    core, truth = make_dump(variant, blocks)
    live, freed = read_truth(truth)
    good = judge_heap(core, live, freed) is not False
    for mask in (False, True):
        found = judge_leaks(core, live, mask)
        good &= found is not False and found[0]
        if found and found[1] and not mask:
            explain(core, truth)
    core.unlink()
    truth.unlink()
    return good
