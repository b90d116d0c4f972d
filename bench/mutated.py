"""`inquest why`, and of each in turn `heap`, `leaks` or `memory`, on thousands of damaged cores: no crash, no hang over 10 s, no memory over 1 GiB.

Cores of small real programs are damaged in ways that happen (cut, blocks of zeros, overwritten
headers and notes, flipped bits, swapped blocks), by a fixed seed. Usage: ./dev bench mutated [COUNT]
"""
import collections
import concurrent.futures
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from measure import run_once  # noqa: E402

INQUEST = os.environ["INQUEST"]
PROGRAMS = {
    "null": "struct G{int a[11];int rank;};struct A{G* g;};\n"
            "__attribute__((noinline)) int f(A* a){return a->g->rank;}\n"
            "int main(){A a{};return f(&a);}",
    "threads": "#include <thread>\n#include <vector>\n#include <unistd.h>\n#include <cstdlib>\n"
               "int main(){std::vector<std::thread> t;for(int i=0;i<8;++i)t.emplace_back([]{pause();});"
               "usleep(50000);abort();}",
    "freed": "#include <map>\nstruct I{int n;I* next;long pad[6];};\n"
             "__attribute__((noinline)) int f(I* i){return i->next->n;}\n"
             "int main(){std::map<int,I*> m;for(int i=0;i<99;++i)m[i]=new I{i,nullptr,{}};\n"
             "for(auto& p:m)delete p.second;int s=0;for(auto& p:m)s+=f(p.second);return s;}",
    "throw": "#include <stdexcept>\nint main(){throw std::runtime_error(\"no such room\");}",
}
HEADERS = 0x4000  # where file header, program headers and notes of these cores end, about


def damage(data, rng):
    """Returns a damaged copy and the name of what was done."""
    data = bytearray(data)
    kind = rng.choice(["cut", "bits", "header-bytes", "header-words", "zeros", "swap", "huge"])
    head = min(HEADERS, len(data))
    if kind == "cut":
        del data[rng.choice([rng.randrange(len(data)), rng.randrange(head)]):]
    elif kind == "bits":
        for _ in range(rng.randrange(1, 64)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif kind == "header-bytes":
        for _ in range(rng.randrange(1, 32)):
            data[rng.randrange(head)] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
    elif kind in ("header-words", "huge"):
        for _ in range(rng.randrange(1, 8)):
            at = rng.randrange(0, head - 8) & ~7
            word = rng.choice([0, 1, 2**63, 2**64 - 1, 2**32, len(data), rng.getrandbits(64)])
            if kind == "huge":
                at = 64 + 56 * rng.randrange(8) + 8 * rng.randrange(7)
            data[at:at + 8] = struct.pack("<Q", word)
    elif kind == "zeros":
        at = rng.randrange(len(data))
        size = rng.choice([8, 64, 4096, 65536])
        data[at:at + size] = bytes(len(data[at:at + size]))
    elif kind == "swap":
        a, b = (rng.randrange(max(1, len(data) - 4096)) for _ in range(2))
        data[a:a + 4096], data[b:b + 4096] = data[b:b + 4096], data[a:a + 4096]
    return bytes(data), kind


def examine(job):
    folder, name, data, seed = job
    damaged, kind = damage(data, random.Random(seed))
    path = os.path.join(folder, f"{seed}.core")
    with open(path, "wb") as file:
        file.write(damaged)
    costs, bad = [], None
    for verb in ("why", ("heap", "leaks", "memory")[seed // len(PROGRAMS) % 3]):
        cost = run_once([INQUEST, verb, path, "--format", "json"], timeout=10)
        costs.append(cost)
        if cost.status not in (0, 1):
            bad = f"{verb}: status {cost.status}"
        elif cost.peak_mb > 1024:
            bad = f"{verb}: {cost.peak_mb:.0f} MB"
        elif cost.status == 1 and len(cost.errors.strip().splitlines()) != 1:
            bad = f"{verb}: more than one line of error"
    os.unlink(path)
    return seed, name, kind, costs, bad


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    with tempfile.TemporaryDirectory() as folder:
        cores = {}
        for name, source in PROGRAMS.items():
            base = pathlib.Path(folder) / name
            base.with_suffix(".cc").write_text(source)
            subprocess.run(["g++", "-g", "-O1", "-pthread", str(base) + ".cc", "-o", str(base)], check=True)
            subprocess.run([INQUEST, "run", "--core", str(base) + ".core", "--no-verdict", "--", str(base)],
                           stderr=subprocess.DEVNULL)
            cores[name] = pathlib.Path(str(base) + ".core").read_bytes()
        names = list(cores)
        jobs = ((folder, names[i % len(names)], cores[names[i % len(names)]], i) for i in range(count))
        results = collections.Counter()
        worst = [0.0, 0.0]
        findings = []
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for seed, name, kind, costs, bad in pool.map(examine, jobs):
                results[(kind, costs[0].status)] += 1
                for cost in costs:
                    worst = [max(worst[0], cost.seconds), max(worst[1], cost.peak_mb)]
                if bad:
                    findings.append(f"seed {seed} ({name}, {kind}): {bad}")
                    print(findings[-1], flush=True)
    for (kind, status), n in sorted(results.items(), key=str):
        print(f"  {kind:14} status {status}: {n}")
    print(f"{count} damaged cores, {len(findings)} findings; "
          f"longest {worst[0]:.2f} s, largest {worst[1]:.0f} MB")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
